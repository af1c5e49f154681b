// Numbers, times and hashes as people read them.

/** An amount in a token's smallest unit, with at most `digits` places: cut, never rounded up. */
export function amount(units: string, decimals = 18, digits = 3): string {
  const exact = exactAmount(units, decimals);
  if (exact === null) return units;
  const [whole = "0", fraction = ""] = exact.split(".");
  const shown = fraction.slice(0, digits).replace(/0+$/, "");
  const tiny = shown === "" && /^-?0$/.test(whole) && /[1-9]/.test(fraction);
  if (tiny) return `< 0.${"0".repeat(Math.max(digits - 1, 0))}1`;
  return grouped(whole) + (shown === "" ? "" : `.${shown}`);
}

/** The whole of it, as a decimal number; null if it is none. */
export function exactAmount(units: string, decimals = 18): string | null {
  if (!/^-?\d+$/.test(units)) return null;
  const sign = units.startsWith("-") ? "-" : "";
  const digits = units.replace("-", "").padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/^0+(?=\d)/, "");
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return sign + whole + (fraction === "" ? "" : `.${fraction}`);
}

/** A whole number in groups of three. */
export function grouped(whole: string | number): string {
  return String(whole).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Basis points as per cent. */
export function percent(bps: number | null | undefined, digits = 1): string {
  if (bps === null || bps === undefined) return "–";
  return bps < 100_000 ? `${(bps / 100).toFixed(digits)} %` : `${grouped(Math.round(bps / 100))} %`;
}

/** The ends of a hash or an address. */
export function short(hash: string, ends = 4): string {
  return hash.length <= 2 + 2 * ends + 1 ? hash : `${hash.slice(0, 2 + ends)}…${hash.slice(-ends)}`;
}

/** A time in UTC, to the second. */
export function utc(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? "–" : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

const UNITS: readonly (readonly [number, string])[] = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];

/** A length of time in its two greatest units. */
export function duration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [length, name] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0 || (parts.length === 0 && length === 1)) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** A count-down or a count-up: mm:ss, or hh:mm:ss. */
export function clock(seconds: number): string {
  const rest = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest % 60)}` : `${two(minutes)}:${two(rest % 60)}`;
}

/** How long ago, or in how long. */
export function relative(thenSeconds: number, nowSeconds: number): string {
  const age = Math.round(nowSeconds - thenSeconds);
  if (age === 0) return "now";
  return age > 0 ? `${duration(age)} ago` : `in ${duration(-age)}`;
}

/** A yearly rate: per cent, or how many times where that would be thousands of them. */
export function rate(bps: number | null): string {
  if (bps === null) return "–";
  if (bps === 0) return "0 %";
  return bps < 100_000 ? percent(bps) : `${grouped(Math.round(bps / 10_000))}×`;
}

/** Orders have 20 bits (R4); blocks that weigh nothing take them from the highest on down. */
const ORDERS = 2 ** 20;

/** A block by its order in its epoch. */
export function blockName(order: number): string {
  return order < ORDERS / 2 ? `block ${grouped(order)}` : `weightless block ${grouped(ORDERS - 1 - order)}`;
}

/** One of it, or several. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** A name from the wire in words: `measurement_not_allowed` is "measurement not allowed". */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}
