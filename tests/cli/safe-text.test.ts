import { fc, test } from '@fast-check/vitest';
import { expect, test as plain } from 'vitest';
import { eventLine } from '../../cli/event-line.js';
import { fit, safeJson, safeLine, safeText, widthOf } from '../../cli/safe-text.js';
import { table } from '../../cli/table.js';

const ACTIVE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const hostile = fc
  .array(fc.constantFrom('\u001b[31m', '\u0007', '\u202e', '\u2066', '\u009b', '\r', '\n', '\t', '\u0000', '\ud800', 'é', '漢', '🚀', 'abc '), { maxLength: 30 })
  .map((parts) => parts.join(''));

test.prop([hostile])('nothing that acts on a terminal is left, and one line stays one line', (text) => {
  expect(safeText(text)).not.toMatch(ACTIVE);
  expect(safeLine(text)).not.toMatch(/[\n\t]/);
  expect(safeText(text)).not.toMatch(/\p{Cs}/u);
});

test.prop([hostile])('JSON holds no active character and is the same document', (text) => {
  const json = safeJson({ [text]: text });
  expect(json).not.toMatch(ACTIVE);
  expect(JSON.parse(json)).toEqual({ [text]: text });
});

test.prop([hostile, fc.nat(40)])('a fitted text is never wider than asked', (text, columns) => {
  expect(widthOf(fit(safeLine(text), columns))).toBeLessThanOrEqual(columns);
});

plain('line ends and tabs of a text stay', () => {
  expect(safeText('a\r\nb\tc\n')).toBe('a\nb\tc\n');
});

plain('an event is one safe line whatever its data holds', () => {
  const line = eventLine(
    { swarmId: 's', seq: 7, type: 'task.failed', at: '2026-01-02T03:04:05.000Z', taskId: 't1', agentId: 'coder-1', data: { message: 'no\n\u001b[2Jway', code: 'x' } },
    { simulated: true },
  );
  expect(line).toBe('   7  03:04:05  [simulated]  task.failed  t1  coder-1  no ␛[2Jway');
});

plain('table columns line up for wide characters, and the last is cut', () => {
  expect(table(['A', 'B', 'C'], [['漢字', 'x', 'long text']], 14)).toEqual(['A     B  C', '漢字  x  long…']);
});
