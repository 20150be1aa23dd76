import { expect, test } from 'vitest';
import { electorateOf, roleOfVoter } from '../../domain/electorate.js';

const role = (name: string, weight = 1, eligible = true) => ({ name, vote: { eligible, weight } });

test('voters are taken from the eligible roles in turn, and a larger electorate begins with the smaller one', () => {
  const roster = [role('coder'), role('planner', 1, false), role('code-tester')];
  const voters = electorateOf(roster, 5);
  expect(voters.map(({ id }) => id)).toEqual(['coder-voter-1', 'code-tester-voter-1', 'coder-voter-2', 'code-tester-voter-2', 'coder-voter-3']);
  expect(voters.map(({ id }) => roleOfVoter(id))).toEqual(['coder', 'code-tester', 'coder', 'code-tester', 'coder']);
  expect(electorateOf(roster, 8).slice(0, 5)).toEqual(voters);
  expect(electorateOf([role('planner', 1, false)], 2)).toHaveLength(2);
});
test('weights count where nobody holds more than a quarter of all weight, else everybody weighs 1', () => {
  const even = electorateOf(
    ['a', 'b', 'c', 'd', 'e'].map((name, i) => role(name, i === 0 ? 1 : 2)),
    5,
  );
  expect(even.map(({ weight }) => weight)).toEqual([1, 2, 2, 2, 2]);
  const heavy = electorateOf(
    ['a', 'b', 'c', 'd'].map((name, i) => role(name, i === 0 ? 9 : 1)),
    4,
  );
  expect(heavy.map(({ weight }) => weight)).toEqual([1, 1, 1, 1]);
});
