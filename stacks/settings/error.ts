/** All that is wrong with a description, one sentence each: key, value, way out. */
export class SettingsError extends Error {
  readonly sentences: readonly string[];

  constructor(sentences: readonly string[]) {
    super(
      sentences.length === 1
        ? `The settings need a change: ${sentences[0]}`
        : `The settings need ${sentences.length} changes:\n${sentences.map((sentence) => `  ${sentence}`).join("\n")}`,
    );
    this.name = "SettingsError";
    this.sentences = sentences;
  }
}
