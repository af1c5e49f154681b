// Addresses of the page's views. They are fragments, so the gateway needs to know none of them.

export type Route =
  | { readonly page: "overview"; readonly find?: string }
  | { readonly page: "attack" }
  | { readonly page: "device"; readonly id: string }
  | { readonly page: "epoch"; readonly epoch: number }
  | { readonly page: "block"; readonly epoch: number; readonly order: number }
  | { readonly page: "missing"; readonly asked: string };

const HASH = /^0x[0-9a-f]{64}$/i;
const NUMBER = /^(0|[1-9][0-9]{0,9})$/;

export function parse(fragment: string): Route {
  const [page = "", ...rest] = fragment.replace(/^#?\/?/, "").split("/");
  const [first = "", second = ""] = rest;
  if (page === "" && rest.length === 0) return { page: "overview" };
  if (page === "find" && rest.length === 1 && /^0x[0-9a-f]{4,64}$/i.test(first)) return { page: "overview", find: first.toLowerCase() };
  if (page === "attack" && rest.length === 0) return { page: "attack" };
  if (page === "device" && rest.length === 1 && HASH.test(first)) return { page: "device", id: first.toLowerCase() };
  if (page === "epoch" && rest.length === 1 && NUMBER.test(first)) return { page: "epoch", epoch: Number(first) };
  if (page === "block" && rest.length === 2 && NUMBER.test(first) && NUMBER.test(second)) {
    return { page: "block", epoch: Number(first), order: Number(second) };
  }
  return { page: "missing", asked: fragment };
}

export const to = {
  overview: "#/",
  attack: "#/attack",
  /** The overview, with the devices whose id or accounts begin so. */
  find: (digits: string) => `#/find/${digits}`,
  device: (id: string) => `#/device/${id}`,
  epoch: (epoch: number) => `#/epoch/${epoch}`,
  block: (epoch: number, order: number) => `#/block/${epoch}/${order}`,
} as const;

/** The view that shows what an API path names; null if there is none. */
export function ofPath(path: string): string | null {
  const devices = /^\/v1\/devices\?q=(0x[0-9a-f]{4,64})$/.exec(path)?.[1];
  if (devices !== undefined) return to.find(devices);
  const parts = path.replace(/^\/v1\//, "").split("/");
  const [kind, first = "", second = ""] = parts;
  if (kind === "devices" && HASH.test(first)) return to.device(first);
  if (kind === "epochs" && NUMBER.test(first)) return to.epoch(Number(first));
  if (kind === "blocks" && NUMBER.test(first) && NUMBER.test(second)) return to.block(Number(first), Number(second));
  return null;
}

/** What somebody typed to name a device. */
export type Named =
  | { readonly kind: "device"; readonly id: string }
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "seat"; readonly seat: number }
  | { readonly kind: "prefix"; readonly prefix: string }
  | { readonly kind: "nothing" }
  | { readonly kind: "malformed" };

export function named(text: string): Named {
  const typed = text.trim().toLowerCase();
  if (typed === "") return { kind: "nothing" };
  const seat = /^(?:seat|device|#)?\s*#?(\d{1,7})$/.exec(typed);
  if (seat?.[1] !== undefined) return { kind: "seat", seat: Number(seat[1]) };
  const hex = /^(?:0x)?([0-9a-f]+)$/.exec(typed)?.[1];
  if (hex === undefined || hex.length > 64) return { kind: "malformed" };
  if (hex.length === 64) return { kind: "device", id: `0x${hex}` };
  if (hex.length === 40) return { kind: "address", address: `0x${hex}` };
  return hex.length >= 4 ? { kind: "prefix", prefix: `0x${hex}` } : { kind: "malformed" };
}
