import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;
export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false } as never);
export const painter = (colour: boolean): Paint => (colour ? coloured : plain);
