/** What looks like a secret. Nothing in here is ever printed: rules name the key. */

const tokenFormats = [
  /sk-ant-[\w-]{10,}/,
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\bglpat-[\w-]{16,}/,
  /\bxox[abeoprs]-[\w-]{10,}/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
];

/** Whether a value is, or holds, a credential of a known format. */
export function holdsToken(value: string): boolean {
  return tokenFormats.some((format) => format.test(value));
}

/** Whether a value holds a URL with a password in it. A reference to a variable is none. */
export function holdsUrlPassword(value: string): boolean {
  return /[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:(?!\$)[^/\s:@]+@/i.test(value);
}

const secretName =
  /(^|[_.-])(pass(word|wd|phrase)?|pwd|secrets?|tokens?|credentials?|(api|access|private|secret|auth|encryption|signing)[_.-]?key([_.-]?id)?|apikey)($|[_.-])/;

/** Names that speak about a secret and are none. */
const harmlessName =
  /(^|[_.-])(max|min|num|n)[_.-]|[_.-](files?|paths?|dirs?|types?|names?|arns?|ttl|length|limits?|counts?|url|uri|endpoint|algorithm|expiry|expires|timeout|provider|mode|policy|enabled|required)$|tokens$/;

/** Values that no secret has: switches, paths, references to variables. */
const harmlessValue = /^(|true|false|yes|no|on|off|none|null|\/[\w./-]*|\$\{?\w+\}?|\$\(\w+\))$/i;

/** Whether a name says that its value is a secret, and the value may be one. */
export function isNamedSecret(name: string, value: string): boolean {
  const plain = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  return secretName.test(plain) && !harmlessName.test(plain) && !harmlessValue.test(value.trim());
}

/** Whether one of two words of a command line hands over a secret: `--password=x`, `--token x`. */
export function isSecretArgument(word: string, next: string): boolean {
  const option = /^--?([\w.-]+)(?:=(.*))?$/s.exec(word);
  if (!option?.[1]) return false;
  const value = option[2] ?? next;
  return !value.startsWith("-") && isNamedSecret(option[1], value);
}
