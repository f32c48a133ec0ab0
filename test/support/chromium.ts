import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** One page in a headless Chromium, spoken to by its own debugging protocol over a pipe. */
export class Browser {
  /** The URLs that the page asked for, in order. */
  readonly requested: string[] = [];
  /** What the browser complained about. */
  readonly complaints: string[] = [];
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, { resolve: (result: Readonly<Record<string, unknown>>) => void; reject: (error: Error) => void }>();
  #sequence = 0;
  #page = "";

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "browser-"));
    // Its own sandbox needs rights that a container's root has not; all that it shows here is our own page.
    const options = [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--remote-debugging-pipe",
    ];
    this.#process = spawn("chromium", [...options, `--user-data-dir=${this.#folder}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    });
    let rest = "";
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (chunk: string) => {
      const texts = (rest + chunk).split("\0");
      rest = texts.pop() ?? "";
      for (const text of texts) this.#heard(JSON.parse(text) as Message);
    });
  }

  static async start(): Promise<Browser> {
    const browser = new Browser();
    const { targetId } = await browser.#ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.#ask("Target.attachToTarget", { targetId, flatten: true });
    browser.#page = String(sessionId);
    for (const domain of ["Page", "Network", "Log", "Runtime"]) await browser.#ask(`${domain}.enable`);
    return browser;
  }

  async close(): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Opens an address on a screen of a size. */
  async open(url: string, width: number, height: number): Promise<void> {
    await this.#ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await this.#ask("Page.navigate", { url });
    await this.value("new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', () => done()))");
  }

  /** What an expression is in the page. */
  async value(expression: string): Promise<unknown> {
    const answer = await this.#ask("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails !== undefined) throw new Error(JSON.stringify(answer.exceptionDetails));
    return (answer.result as { value?: unknown }).value;
  }

  /** Presses a key and lets go of it. */
  async press(key: "Tab" | "Enter"): Promise<void> {
    const code = { Tab: 9, Enter: 13 }[key];
    const pressed = { key, code: key, windowsVirtualKeyCode: code, ...(key === "Enter" && { text: "\r" }) };
    await this.#ask("Input.dispatchKeyEvent", { type: "keyDown", ...pressed });
    await this.#ask("Input.dispatchKeyEvent", { type: "keyUp", key, code: key, windowsVirtualKeyCode: code });
  }

  /** The whole page as a PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.#ask("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(String(data), "base64");
  }

  #ask(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#sequence;
    const text = JSON.stringify({ id, method, params, ...(this.#page !== "" && { sessionId: this.#page }) });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      (this.#process.stdio[3] as Writable).write(`${text}\0`);
    });
  }

  #heard({ id, method, params = {}, result = {}, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error.message));
    } else if (method === "Network.requestWillBeSent") this.requested.push((params.request as { url: string }).url);
    else if (method === "Log.entryAdded") this.complaints.push((params.entry as { text: string }).text);
    else if (method === "Runtime.exceptionThrown") this.complaints.push(JSON.stringify(params));
  }
}
