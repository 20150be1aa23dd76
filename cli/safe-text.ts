/** Bidi overrides and marks, zero-width and line separators, lone surrogates: invisible, or able to make text read as what it is not. */
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}|[\u0080-\u009f]/gu;
const C0 = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

const codePoint = (char: string): string => `<U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`;
const picture = (char: string): string => (char === '\u007f' ? '␡' : String.fromCodePoint(0x2400 + char.charCodeAt(0)));

/** Text of any origin as a terminal may get it: control characters become visible signs; line feeds and tabs stay. */
export const safeText = (text: string): string => text.replace(/\r\n/g, '\n').replace(C0, picture).replace(INVISIBLE, codePoint);

/** The same on one line. */
export const safeLine = (text: string): string =>
  safeText(text)
    .replace(/\s*[\n\t]+\s*/g, ' ')
    .trim();

/** JSON with every character that could act on a terminal written as an escape; the same document to a parser. */
export const safeJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const WIDE = /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
let segmenter: Intl.Segmenter | null = null;
/** Made on first use: it costs 20 ms, a quarter of what `cf --help` takes. */
const graphemesOf = (text: string): Iterable<Intl.SegmentData> => {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
};

/** Columns a text takes on a terminal. */
export const widthOf = (text: string): number => [...graphemesOf(text)].reduce((columns, { segment }) => columns + (WIDE.test(segment) ? 2 : 1), 0);

/** A one-line text cut to `columns`, ending in `…` where something is missing. */
export const fit = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemesOf(text)) {
    used += WIDE.test(segment) ? 2 : 1;
    if (used > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? '' : `${kept}…`;
};
