import { describe, expect, test } from 'vitest';
import { shapeOf, topologyByRule, topologyIn, type GraphShape } from '../../domain/advice.js';
import { openTask } from '../../domain/task-state.js';

/** What is said of a graph to whoever chooses its topology, the rule where nobody does, and reading a choice. */
const roster = [
  { name: 'coder', craft: 'coding', description: '', capabilities: [] },
  { name: 'researcher', craft: 'research', description: '', capabilities: [] },
];
const task = (id: string, role: string, dependsOn: readonly string[] = []) => openTask({ id, title: id, role, dependsOn });

test('the shape of a graph: its size, its longest chain, its widest level, its crafts and the hand-overs between them', () => {
  const tasks = [task('a', 'researcher'), task('b', 'researcher'), task('c', 'coder', ['a', 'b']), task('d', 'coder', ['c']), task('e', 'coder')];
  expect(shapeOf(tasks, roster, 1)).toEqual({ tasks: 5, depth: 3, width: 3, crafts: 2, handOvers: 2, regions: 1 });
  expect(shapeOf([], roster, 1)).toEqual({ tasks: 0, depth: 0, width: 0, crafts: 0, handOvers: 0, regions: 1 });
});

describe('the rule', () => {
  const shape = (more: Partial<GraphShape>): GraphShape => ({ tasks: 5, depth: 3, width: 2, crafts: 2, handOvers: 2, regions: 1, ...more });
  test.each([
    [{}, 'queen'],
    [{ regions: 2 }, 'distributed'],
    [{ tasks: 60 }, 'hierarchical'],
    [{ tasks: 60, crafts: 1 }, 'queen'],
    [{ tasks: 20, width: 20, depth: 1 }, 'mesh'],
    [{ tasks: 20, width: 20, depth: 5 }, 'queen'],
  ] as const)('%j: %s, and it says why', (more, topology) => {
    const chosen = topologyByRule(shape(more));
    expect(chosen.topology).toBe(topology);
    expect(chosen.why).toMatch(/\d/);
  });
});

test.each([
  ['mesh', 'mesh'],
  ['The Hierarchical topology.', 'hierarchical'],
  ['queen or mesh', null],
  ['meshed', null],
  ['', null],
])('"%s" names %s', (choice, topology) => expect(topologyIn(choice)).toBe(topology));
