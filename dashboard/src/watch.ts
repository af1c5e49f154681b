// What all views share: the overview, whether the gateway answers, what it tells live, and one clock.
//
// The overview is asked for every few seconds and whenever something was told. When it does not come, the page is
// offline, says so, and keeps asking: it comes back by itself.

import { get, told, Unreachable } from "./api/client";
import type { FeedItem, Overview } from "./api/types";

export interface Topics {
  /** A second has passed. */
  tick: void;
  /** The overview is new. */
  overview: Overview;
  /** The gateway answers again, or does not. */
  line: boolean;
  /** Something has changed: views ask again. */
  changed: void;
  /** Told live. */
  event: FeedItem;
  /** What was told was taken back, or some of it may have been missed. */
  reorg: void;
}

type Listener<T> = (message: T) => void;

const POLL_MS = 5_000;
/** Views ask again at most this often. */
const CHANGED_MS_MIN = 2_500;
/** A clock that tells the same time for so long stands. */
const STANDS_MS = 2_000;
/** A clock that is so far from this machine's is of another world. */
const SKEW_MS_MAX = 3_600_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class Watch {
  overview: Overview | null = null;
  online = true;
  /** When the gateway last answered, by this machine's clock. */
  answeredMs = Date.now();
  trouble: string | null = null;
  /** Whether events come live; otherwise they are asked for. */
  streaming = false;

  readonly #listeners = new Map<keyof Topics, Set<Listener<never>>>();
  #skewMs = 0;
  /** Whether the gateway's clock does not run: a story's, that is moved on by hand. */
  #stands = false;
  #asking = false;
  #poll: number | undefined;
  #announced = 0;
  #pending: number | undefined;
  #stream: EventSource | null = null;
  #failures = 0;

  on<K extends keyof Topics>(topic: K, listener: Listener<Topics[K]>, signal?: AbortSignal): void {
    const all = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, all.add(listener as Listener<never>));
    signal?.addEventListener("abort", () => all.delete(listener as Listener<never>), { once: true });
  }

  start(): void {
    window.setInterval(() => this.#tell("tick", undefined), 1_000);
    window.addEventListener("online", () => void this.ask());
    window.addEventListener("offline", () => this.#failed("this machine is offline"));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      void this.ask();
      this.changed();
    });
    void this.ask();
    this.#connect();
  }

  /** The gateway's time, Unix seconds. */
  now(): number {
    return this.#stands && this.overview ? this.overview.now_s : (Date.now() + this.#skewMs) / 1000;
  }

  /** Whether the gateway's clock does not run: nothing is to be counted down by it. */
  stands(): boolean {
    return this.#stands;
  }

  /** How the head is as far as this page can tell; `offline` if the gateway does not answer. */
  head(): string {
    return this.online ? (this.overview?.head.state ?? "ok") : "offline";
  }

  /** Asks for the overview now, and then again and again. */
  async ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    window.clearTimeout(this.#poll);
    try {
      this.#answered(await get<Overview>("/v1/overview"));
    } catch (error) {
      if (error instanceof Unreachable) this.#failed(told(error));
      else this.#refused(told(error));
    } finally {
      this.#asking = false;
      this.#poll = window.setTimeout(() => void this.ask(), POLL_MS);
    }
  }

  /** Views ask again soon, and not too often; not while nobody looks. */
  changed(): void {
    if (this.#pending !== undefined || document.hidden) return;
    const wait = Math.max(0, this.#announced + CHANGED_MS_MIN - Date.now());
    this.#pending = window.setTimeout(() => {
      this.#pending = undefined;
      this.#announced = Date.now();
      this.#tell("changed", undefined);
    }, wait);
  }

  #answered(overview: Overview): void {
    const before = this.overview;
    const stood = before !== null && Date.now() - this.answeredMs > STANDS_MS && before.now_s === overview.now_s;
    this.overview = overview;
    this.#skewMs = overview.now_s * 1000 - Date.now();
    this.#stands = stood || Math.abs(this.#skewMs) > SKEW_MS_MAX;
    this.answeredMs = Date.now();
    this.trouble = null;
    this.#line(true);
    this.#tell("overview", overview);
    if (before === null || before.head.number !== overview.head.number) this.changed();
  }

  /** It answers, but not with an overview: a gateway that has read nothing yet, or one that is broken. */
  #refused(trouble: string): void {
    this.trouble = trouble;
    this.answeredMs = Date.now();
    this.#line(true);
  }

  #failed(trouble: string): void {
    this.trouble = trouble;
    this.#line(false);
  }

  #line(online: boolean): void {
    const changed = this.online !== online;
    this.online = online;
    if (!changed && !this.trouble) return;
    this.#tell("line", online);
    if (changed && online) {
      this.#tell("reorg", undefined);
      this.changed();
    }
  }

  #connect(): void {
    const stream = new EventSource("/v1/live");
    this.#stream = stream;
    stream.addEventListener("open", () => {
      this.#failures = 0;
      this.streaming = true;
    });
    stream.addEventListener("head", () => void this.ask());
    stream.addEventListener("change", (message) => this.#heard(message as MessageEvent<string>));
    for (const anew of ["reorg", "reset"]) {
      stream.addEventListener(anew, () => {
        this.#tell("reorg", undefined);
        this.changed();
      });
    }
    stream.addEventListener("error", () => this.#broken(stream));
  }

  #heard(message: MessageEvent<string>): void {
    const item = readItem(message.data);
    if (item) this.#tell("event", item);
    this.changed();
  }

  /** The browser tries again by itself after a broken line, and resumes; not after a refusal. */
  #broken(stream: EventSource): void {
    this.streaming = false;
    void this.ask();
    if (stream.readyState !== EventSource.CLOSED || stream !== this.#stream) return;
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 15_000;
    this.#failures += 1;
    window.setTimeout(() => {
      this.#connect();
      this.#tell("reorg", undefined);
    }, wait);
  }

  #tell<K extends keyof Topics>(topic: K, message: Topics[K]): void {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      try {
        (listener as Listener<Topics[K]>)(message);
      } catch (error) {
        // What one part cannot show is no reason for the others to stand still.
        console.error(error);
      }
    }
  }
}

function readItem(text: string): FeedItem | null {
  try {
    const item: unknown = JSON.parse(text);
    return typeof item === "object" && item !== null && "kind" in item ? (item as FeedItem) : null;
  } catch {
    return null;
  }
}
