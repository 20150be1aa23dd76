import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { SwarmError } from '../domain/errors.js';
import type { SecretStore } from '../storage/port.js';

/** What a voter signs: changed in any part, the signature no longer fits. */
export interface SignedVote {
  readonly proposal: string;
  readonly round: number;
  readonly voter: string;
  readonly value: readonly string[];
  readonly nonce: string;
}

const bytesOf = ({ proposal, round, voter, value, nonce }: SignedVote): Buffer => Buffer.from(JSON.stringify([proposal, round, voter, value, nonce]), 'utf8');

/** Ed25519 keys of voters. The private ones stay in the store of this machine and never enter history. */
export const createVoteKeyActivities = ({ secrets }: { readonly secrets: SecretStore }) => ({
  /** One key per voter id; asked again, the same ones. Returns the public keys, base64 of SPKI DER. */
  issueVoteKeys: async (voters: readonly string[]): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      voters.map((voter) => {
        const pem = secrets.getOrPut(`vote-key/${voter}`, () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
        return [voter, createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64')];
      }),
    ),
  /** The signature of the voter's own key, base64; may be repeated. */
  signVote: async (vote: SignedVote): Promise<string> => {
    const pem = secrets.get(`vote-key/${vote.voter}`);
    if (pem === null)
      throw new SwarmError({
        code: 'not_found',
        message: `There is no key of the voter ${vote.voter}.`,
        why: 'It was issued in another CF_HOME.',
        fix: 'Run all workers of a swarm on one CF_HOME.',
      });
    return sign(null, bytesOf(vote), createPrivateKey(pem)).toString('base64');
  },
  /** Whether each signature fits its vote and the public key its voter was issued; a malformed one does not. */
  verifyVotes: async (votes: readonly { readonly vote: SignedVote; readonly publicKey: string; readonly signature: string }[]): Promise<readonly boolean[]> =>
    votes.map(({ vote, publicKey, signature }) => {
      try {
        const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
        return verify(null, bytesOf(vote), key, Buffer.from(signature, 'base64'));
      } catch {
        return false;
      }
    }),
});
export type VoteKeyActivities = ReturnType<typeof createVoteKeyActivities>;
