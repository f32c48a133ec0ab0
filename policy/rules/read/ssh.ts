const unchecked = [
  /(?:\b|-o)stricthostkeychecking\s*[=\s]\s*["']?(no|off)\b/i,
  /(?:\b|-o)(user|global)knownhostsfile\s*[=\s]\s*["']?(\/dev\/null|none)\b/i,
];

/** Whether options of ssh, in any of their spellings, let any host pass for the one that is meant. */
export function skipsHostKey(options: string): boolean {
  return unchecked.some((form) => form.test(options));
}
