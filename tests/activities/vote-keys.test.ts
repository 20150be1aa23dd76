import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { createVoteKeyActivities, type SignedVote } from '../../activities/vote-keys.js';
import { packageRoot } from '../../config/package-root.js';
import { openStorage } from '../../storage/index.js';
import { tempFolder } from '../helpers/temp-folder.js';

const vote: SignedVote = { proposal: 'p', round: 1, voter: 'm/peer-1', value: ['approve'], nonce: 'n' };
const setUp = () => {
  const storage = openStorage({ home: tempFolder(), root: packageRoot });
  const { issueVoteKeys, signVote, verifyVotes } = createVoteKeyActivities(storage);
  const run = <T>(act: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(act) as Promise<T>;
  return {
    issue: (...voters: string[]) => run(() => issueVoteKeys(voters)),
    sign: (what: SignedVote) => run(() => signVote(what)),
    verify: (what: SignedVote, publicKey: string, signature: string) => run(async () => (await verifyVotes([{ vote: what, publicKey, signature }]))[0]),
  };
};

test('a vote signed by its voter verifies; changed in any part, or under another key, it does not', async () => {
  const { issue, sign, verify } = setUp();
  const keys = await issue('m/peer-1', 'm/peer-2');
  expect(await issue('m/peer-1', 'm/peer-2')).toEqual(keys);
  const own = keys['m/peer-1'] ?? '';
  const signature = await sign(vote);
  expect(await verify(vote, own, signature)).toBe(true);
  for (const changed of [{ proposal: 'q' }, { round: 2 }, { voter: 'm/peer-2' }, { value: ['reject'] }, { nonce: 'o' }])
    expect(await verify({ ...vote, ...changed }, own, signature)).toBe(false);
  expect(await verify(vote, keys['m/peer-2'] ?? '', signature)).toBe(false);
});
test('what is no key and no signature is no vote, and no crash', async () => {
  const { issue, verify } = setUp();
  const own = (await issue('m/peer-1'))['m/peer-1'] ?? '';
  expect([await verify(vote, own, 'AAAA'), await verify(vote, '', 'AAAA'), await verify(vote, own, '')]).toEqual([false, false, false]);
});
test('a key that was issued elsewhere says so', async () => {
  await expect(setUp().sign(vote)).rejects.toMatchObject({ code: 'not_found', fix: expect.stringContaining('CF_HOME') });
});
