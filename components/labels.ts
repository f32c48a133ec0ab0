/** A label as the Docker provider takes it. */
export interface DockerLabel {
  readonly label: string;
  readonly value: string;
}

/** What a container may do as its label says it, a line each; none where there is nothing to say. */
export function authorityLabel(lines: readonly string[]): { authority?: string } {
  return lines.length > 0 ? { authority: lines.join("\n") } : {};
}

/** Labels as the Docker provider takes them, in a stable order. */
export function dockerLabels(labels: Readonly<Record<string, string>>): DockerLabel[] {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}
