/** The expressions by which Calico selects: `app == 'web' && !has(debug)`. */
import { Malformed, type Props, text } from "./value.ts";

const token = /\s*(&&|\|\||==|!=|!|\(|\)|\{|\}|,|'[^']*'|"[^"]*"|[\w./-]+)/y;

function wordsOf(expression: string): string[] {
  const words: string[] = [];
  token.lastIndex = 0;
  while (expression.slice(token.lastIndex).trim() !== "") {
    const at = token.lastIndex;
    const word = token.exec(expression)?.[1];
    if (word === undefined) throw new Malformed(`a selector: character ${at + 1} means nothing in it`);
    words.push(word);
  }
  return words;
}

/** Whether labels meet an expression. None, or an empty one, is met by all. */
export function expressionSelects(expression: string | undefined, labels: Props): boolean {
  const words = wordsOf(expression ?? "");
  if (words.length === 0) return true;
  let at = 0;
  const next = (): string => words[at++] ?? "";
  const takes = (word: string): boolean => words[at] === word && ++at > 0;
  const must = (word: string): void => {
    if (!takes(word)) throw new Malformed("a selector that ends where it should");
  };
  const unquoted = (word: string): string => word.replace(/^(['"])(.*)\1$/s, "$2");

  const either = (): boolean => {
    let holds = both();
    while (takes("||")) holds = both() || holds;
    return holds;
  };
  const both = (): boolean => {
    let holds = one();
    while (takes("&&")) holds = one() && holds;
    return holds;
  };
  const one = (): boolean => {
    if (takes("!")) return !one();
    if (takes("(")) return closed(either());
    const word = next();
    if ((word === "all" || word === "global") && takes("(")) return closed(true);
    if (word === "has" && takes("(")) return closed(text(labels[next()]) !== undefined);
    return compared(text(labels[word]));
  };
  const closed = (holds: boolean): boolean => {
    must(")");
    return holds;
  };
  const compared = (value: string | undefined): boolean => {
    const operator = next();
    if (operator === "==") return value === unquoted(next());
    if (operator === "!=") return value !== unquoted(next());
    const isNegative = operator === "not";
    if (isNegative) must("in");
    else if (operator === "contains" || operator === "starts" || operator === "ends") return partly(operator, value ?? "");
    else if (operator !== "in") throw new Malformed("a selector that compares");
    const values: string[] = [];
    must("{");
    while (!takes("}")) {
      values.push(unquoted(next()));
      if (!takes(",") && words[at] !== "}") throw new Malformed("a selector that ends where it should");
    }
    return (value !== undefined && values.includes(value)) !== isNegative;
  };
  const partly = (operator: string, value: string): boolean => {
    if (operator !== "contains") must("with");
    const part = unquoted(next());
    return operator === "contains" ? value.includes(part) : operator === "starts" ? value.startsWith(part) : value.endsWith(part);
  };

  const holds = either();
  if (at < words.length) throw new Malformed("a selector that ends where it should");
  return holds;
}
