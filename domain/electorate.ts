import type { AgentDefinition } from './agent.js';
import type { Voter } from './ballot.js';

/** The part of a definition that an electorate reads. */
export type Eligible = Pick<AgentDefinition, 'name' | 'vote'>;

/** An agent's id as a voter; its role is `roleOfVoter`. */
const voterId = (role: string, nth: number): string => `${role}-voter-${nth}`;
export const roleOfVoter = (id: string): string => id.slice(0, id.lastIndexOf('-voter-'));

/**
 * Who votes: `size` agents, taken from the eligible roles in turn, so that as many crafts as possible judge.
 * Weights are those of the roles where no voter would hold more than a quarter of all weight, else everybody weighs 1. A larger electorate begins with the smaller one.
 */
export const electorateOf = (roster: readonly Eligible[], size: number): readonly Voter[] => {
  const eligible = roster.filter(({ vote }) => vote.eligible);
  const roles = eligible.length > 0 ? eligible : roster;
  const voters = Array.from({ length: roles.length === 0 ? 0 : size }, (_, i) => {
    const role = roles[i % roles.length];
    return { id: voterId(role?.name ?? '', Math.floor(i / roles.length) + 1), weight: role?.vote.weight ?? 1 };
  });
  const total = voters.reduce((sum, { weight }) => sum + weight, 0);
  return voters.every(({ weight }) => weight <= total / 4) ? voters : voters.map(({ id }) => ({ id, weight: 1 }));
};
