import type { Command } from 'commander';
import { act, type Registry } from '../context.js';
import type { RunOptions } from '../run-swarm.js';

/** `cf run`: start a swarm and follow it. */
export const addRun = (program: Command, registry: Registry): void => {
  program
    .command('run')
    .summary('start a swarm on an objective and follow it to its result')
    .description('Starts what is missing, prints the id first, then the live tree, then the result. Ctrl-C detaches: the swarm goes on.')
    .argument('[objective]', 'what the swarm is to do')
    .option('--topology <name>', 'queen, mesh, hierarchical, distributed, or auto: the topology-advisor chooses (default: queen)')
    .option('--regions <names>', 'regions of a distributed swarm, such as local,eu,edge=local/smollm2-135m (default: local); serve one with cf worker --region eu')
    .option('--max-agents <n>', 'most agents at work at once, 1 to 1000, of a queen 250 (default: 8)')
    .option('--peers <n>', 'most peers of a mesh, 1 to 64 (default: 16), never more than agents')
    .option('--agents <names>', 'roles to choose from, separated by commas')
    .option('--model <provider/model>', 'anthropic/…, openai/…, compat/…, local/… or sim/…')
    .option('--budget-usd <usd>', 'most money the swarm may spend')
    .option('--budget-tokens <n>', 'most tokens the swarm may use')
    .option('--budget-calls <n>', 'most model calls the swarm may make')
    .option('--deadline <duration>', 'end by then, such as 90s, 15m, 2h')
    .option('--strict', 'a result that its reviewer refuses twice fails its task')
    .option('--no-review', 'skip the review of each result')
    .option('--votes <what>', 'none, outcome or tasks: what is put to the vote (default: outcome; none without reviews and on the embedded model)')
    .option('--voters <n>', 'agents that vote, 1 to 25 (default: 4, of which one may lie)')
    .option('--vote-round <duration>', 'how long a round of a vote stays open (default: 30s), three rounds at most')
    .option('--undecided <what>', 'when the vote on the outcome finds no quorum: end, or ask you (default: end)')
    .option('--allocation <how>', 'rule, or elders: the voters of a queen elect who does each task (default: rule)')
    .option('--elections <form>', 'how elders vote: approval, choice or ranked (default: approval)')
    .option('--approve <when>', 'never, writes or always (default: never)')
    .option('--workspace <dir>', 'directory the swarm works on')
    .option('-f, --file <spec.yaml>', 'read the swarm from a YAML file, - for standard input')
    .option('--idempotency-key <key>', 'the same key and request find the same swarm')
    .option('--detach', 'print the id and leave')
    .option('--wait <duration>', 'leave after this time; exit 8 when it is still running')
    .option('--dry-run', 'say what would be started, start nothing')
    .option('--json', 'one JSON document on standard output')
    .option('--jsonl', 'one event a line on standard output')
    .action(act(registry, async (context, options: RunOptions, objective?: string) => (await import('../run-swarm.js')).runSwarm(context, options, objective)));
};
