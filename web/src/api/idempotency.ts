/** A key that makes a creation safe to send twice. Works on plain http too, where `crypto.randomUUID` does not exist. */
export function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
