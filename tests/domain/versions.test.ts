import { expect, test } from 'vitest';
import { openCounter, openVersions } from '../../domain/versions.js';

test('what was overtaken on the way is no news; what has no number is', () => {
  const isNews = openVersions();
  expect([1, 3, 2, 3, undefined, 4, 5].map((version) => isNews(version))).toEqual([true, true, false, false, true, false, true]);
});
test('what one sender sends is numbered from 1, so that all of it is news', () => {
  const [next, isNews] = [openCounter(), openVersions()];
  expect([next(), next(), next()].map((version) => isNews(version))).toEqual([true, true, true]);
});
