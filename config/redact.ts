/** A secret as people may see it: set or not, and its last four characters where enough stay hidden. */
export const shownSecret = (secret: string | null): string => (secret === null ? 'not set' : secret.length >= 12 ? `set (…${secret.slice(-4)})` : 'set');

/** Credentials by their usual shapes: `sk-…` keys, bearer tokens, passwords in URLs. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\bsk-[A-Za-z0-9_-]{8,}/g, 'sk-[redacted]'],
  [/\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, '$1[redacted]'],
  [/(:\/\/[^\s:/@"]*:)[^\s@/"]+@/g, '$1[redacted]@'],
];

/** A text without credentials: those given, and whatever looks like one. */
export const redact = (text: string, secrets: readonly string[] = []): string => {
  const known = secrets.filter((secret) => secret.length >= 4).reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
  return SHAPES.reduce((rest, [shape, by]) => rest.replace(shape, by), known);
};
