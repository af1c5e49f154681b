// The demo's story, in a process of its own: the real gateway on the real chain, an epoch whenever it is told to play one.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MULTEE = process.env.MULTEE ?? fileURLToPath(new URL("../../../../target/debug/multee", import.meta.url));
const LOOK_MS = 20;

/** Devices of the story, the seats of those with troubles told from the end (see crates/cli/src/demo/cast.rs). */
export const DEVICES = 12;
export const seatOf = {
  honest: 1,
  wrongMeasurement: DEVICES - 5,
  slanderer: DEVICES - 3,
};

/** What a device that no network knows is called. */
export const UNKNOWN = `0x${"ab".repeat(32)}`;

export class Story {
  #child;
  #lines;
  url = "";

  /** It ends with the test, if it was started for one: a process that is left behind would keep this one. */
  static async start({ test, devices = DEVICES, epochs = 40, listen = "127.0.0.1:0" } = {}) {
    const story = new Story();
    test?.after(() => story.end());
    await story.#begin(["--devices", devices, "--epochs", epochs, "--listen", listen]);
    return story;
  }

  async #begin(more) {
    const args = ["demo", "--watch", "--step", "--seed", "1", ...more.map(String)];
    this.#child = spawn(MULTEE, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.url = (await this.#until(/^watch: (http:\S+\/)$/))[1];
    await this.#caughtUp(0);
  }

  /** Plays epochs, each until the gateway has read all of it. */
  async play(epochs = 1) {
    for (let played = 0; played < epochs; played += 1) {
      this.#child.stdin.write("\n");
      await this.#caughtUp(Number((await this.#until(/played up to block (\d+)$/))[1]));
    }
  }

  /** What the gateway answers to this process. */
  async ask(path) {
    const response = await fetch(new URL(path, this.url));
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (response.headers.get("content-type") ?? "").includes("json") ? response.json() : response.text();
  }

  async device(seat) {
    const { items } = await this.ask("/v1/devices?limit=200");
    return items.find((device) => device.seat === seat);
  }

  /** As Ctrl-C does; returns the exit code. */
  async end(signal = "SIGINT") {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child?.exitCode;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    return (await ended)[0];
  }

  get port() {
    return new URL(this.url).port;
  }

  async #until(pattern) {
    for (;;) {
      const { value: line, done } = await this.#lines.next();
      if (done) throw new Error(`the story ended, and never said ${pattern}`);
      const found = pattern.exec(line);
      if (found) return found;
    }
  }

  async #caughtUp(block) {
    for (;;) {
      const health = await this.ask("/health");
      if (health.state === "ok" && health.block_number >= block) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}
