import { expect, test } from 'vitest';
import { openVersions } from '../../domain/versions.js';

test('what was overtaken on the way is no news; what has no number is', () => {
  const isNews = openVersions();
  expect([1, 3, 2, 3, undefined, 4, 5].map((version) => isNews(version))).toEqual([true, true, false, false, true, false, true]);
});
