import { fit, safeLine, widthOf } from './safe-text.js';

/** Columns as wide as their widest cell, the last one cut to what is left; safe to print. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[], columns: number): readonly string[] => {
  const cells = [head, ...rows].map((row) => row.map(safeLine));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  return cells.map((row) =>
    fit(
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))))
        .join('  ')
        .trimEnd(),
      columns,
    ),
  );
};
