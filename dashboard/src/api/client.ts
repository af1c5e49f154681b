// Questions to the gateway. Whatever goes wrong comes back as one of three things that a caller can tell apart.

export class Unreachable extends Error {}

/** The gateway's own account of what is wrong (RFC 9457). */
export class Problem extends Error {
  constructor(readonly status: number, readonly title: string, readonly detail: string) {
    super(`${status} ${title}: ${detail}`);
  }
}

const ANSWER_MS_MAX = 12_000;

export type Query = { readonly [name: string]: string | number | boolean | null | undefined };

export function address(path: string, query: Query = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") asked.set(name, String(value));
  }
  const text = asked.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** A JSON answer. 206 is an answer, too: of a gateway that is still reading. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await reach(address(path, query), signal);
  if (!response.ok) throw await problem(response);
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable("the answer broke off");
  }
}

async function reach(url: string, signal: AbortSignal | undefined): Promise<Response> {
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  try {
    return await fetch(url, { signal: signal ? AbortSignal.any([signal, late]) : late, headers: { accept: "application/json" } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(late.aborted ? "no answer in time" : "the gateway cannot be reached");
  }
}

async function problem(response: Response): Promise<Problem> {
  const document: unknown = await response.json().catch(() => null);
  const told = typeof document === "object" && document !== null ? (document as Record<string, unknown>) : {};
  const text = (name: string, otherwise: string) => (typeof told[name] === "string" ? (told[name] as string) : otherwise);
  return new Problem(response.status, text("title", response.statusText || "error"), text("detail", "no detail was given"));
}

/** What is shown of an error. */
export function told(error: unknown): string {
  if (error instanceof Problem) return `${error.detail} (${error.status} ${error.title})`;
  return error instanceof Error ? error.message : String(error);
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
