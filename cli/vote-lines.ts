import type { VoteView } from '../domain/vote-view.js';
import { safeLine } from './safe-text.js';

/** One vote as `cf show` prints it: how it was decided, each ballot, and the recount; pure. */
export const voteLines = (vote: VoteView, swarmId: string): readonly string[] => [
  `vote       ${safeLine(vote.id)}: ${safeLine(vote.decided ?? vote.status)} · quorum ${vote.quorum} of ${vote.electorate}, ${faults(vote)}${rounds(vote)} · recount ${vote.recount.agrees ? 'agrees' : 'DIFFERS'}`,
  ...vote.proposal.split('\n').map((line) => `           ${safeLine(line)}`),
  ...(vote.asks ? [`           ? no quorum; it waits for you: cf answer ${safeLine(swarmId)} outcome approve|reject`] : []),
  ...(vote.judged === null ? [] : [`           a person decided: ${vote.judged}`]),
  ...vote.ballots.map(
    ({ voter, round, value, weight, counted, why }) =>
      `           ${counted ? '✔' : '✖'} ${safeLine(voter)}  ${safeLine(value)}${weight === 1 ? '' : ` (weight ${weight})`}${vote.round > 1 ? `  round ${round}` : ''}${why === null ? '' : `  not counted: ${safeLine(why)}`}`,
  ),
];

const faults = ({ faultsTolerated }: VoteView): string => (faultsTolerated === 0 ? 'supermajority' : `${faultsTolerated} may lie`);
const rounds = ({ path, round }: VoteView): string => (path.length === 0 ? '' : ` · round ${round}, before it: ${path.map(({ why }) => why).join(', ')}`);
