import * as wf from '@temporalio/workflow';
import { freeOf, NOTHING, shareOf, type Amount } from '../domain/budget.js';
import type { ErrorReport } from '../domain/errors.js';
import { fateOf, interestsOf } from '../domain/fates.js';
import { LIMITS } from '../domain/limits.js';
import { coordinatorQueue, managerId } from '../domain/names.js';
import { joinSlots, leaveSlots, openSlots, requestSlots, resizeSlots, type SlotPool } from '../domain/slots.js';
import { spentOf } from '../domain/swarm-state.js';
import { reopenRunning, specOf, type TaskState } from '../domain/task-state.js';
import { allSettled } from '../domain/task-graph.js';
import { openCounter } from '../domain/versions.js';
import type { Coordinator } from './coordinator.js';
import { listenToMembers, memberControl, snapshotFor, unlessEnded } from './crew.js';
import type { manager, ManagerOutcome } from './manager.js';
import { assignSignal, controlSignal, memberSignal, slotGrantSignal, slotRequestSignal, type Assignment } from './messages.js';

/** One domain of the graph and the manager that runs it now. */
interface Domain {
  readonly name: string;
  term: number;
  deaths: number;
  /** Workflow id of its manager; null between terms. */
  manager: string | null;
  handle: wf.ChildWorkflowHandle<typeof manager> | null;
  /** Its lease of the budget. */
  lease: Amount;
}

export type Managed = { readonly kind: 'settled' | 'handedOver' | 'starved' } | { readonly kind: 'failed'; readonly failure: ErrorReport };

/** What one level of managers is about. */
export interface Level {
  /** The domain a task belongs to; null = it is somebody else's. */
  domainOf(task: TaskState): string | null;
  /** Places for tasks in flight, by now. */
  places(): number;
  /** Calls back when there are other tasks to manage. */
  onChange(listener: () => void): void;
}

/**
 * Runs the graph by one manager per domain until everything has settled. Managers that die are replaced from what they reported last.
 * `starved`: what is left of the budget is too little to be split; it has all come back, and nothing runs any more.
 */
export const manageDomains = async (coordinator: Coordinator, level: Level, slots: SlotPool = openSlots(level.places())): Promise<Managed> => {
  const { input, state, emit, control, onControl, wantsHandOver } = coordinator;
  const { workflowId } = wf.workflowInfo();
  const domains = new Map<string, Domain>();
  let isStopping = false;
  let isStarved = false;
  let failure: ErrorReport | null = null;

  const nameOf = (task: TaskState): string | null => level.domainOf(task);
  const mine = (): readonly TaskState[] => state.tasks.filter((task) => nameOf(task) !== null);
  const tasksOf = (name: string): readonly TaskState[] => state.tasks.filter((task) => nameOf(task) === name);
  const active = (): readonly Domain[] => [...domains.values()].filter(({ manager: id }) => id !== null);
  const ownerOf = (task: TaskState): string | null => domains.get(nameOf(task) ?? '')?.manager ?? null;

  const nextVersion = openCounter();
  const assignmentOf = (name: string): Assignment => {
    const owned = tasksOf(name).filter(({ parent }) => parent === null);
    const needs = new Set(tasksOf(name).flatMap(({ dependsOn }) => dependsOn));
    const interests = interestsOf(state.tasks, ownerOf);
    const own = new Set(owned.map(({ id }) => id));
    return {
      version: nextVersion(),
      owned: owned.map(specOf),
      needed: state.tasks.filter((task) => needs.has(task.id) && nameOf(task) !== name),
      interests: Object.fromEntries(Object.entries(interests).filter(([id]) => own.has(id))),
    };
  };
  /** A domain's tasks and those they need. */
  const known = (name: string): readonly TaskState[] => {
    const ids = new Set(tasksOf(name).flatMap(({ id, dependsOn }) => [id, ...dependsOn]));
    return state.tasks.filter(({ id }) => ids.has(id));
  };
  /** The newcomer first: it must know what it needs before somebody tells it what became of that. */
  const assignAll = async (newcomer: string | null): Promise<void> => {
    const others = active().filter(({ manager: id, handle }) => id !== newcomer && handle !== null);
    const first = domains.get([...domains.values()].find(({ manager: id }) => id === newcomer)?.name ?? '');
    if (first) await unlessEnded(first.handle?.signal(assignSignal, assignmentOf(first.name)));
    await Promise.all(others.map(({ name, handle }) => unlessEnded(handle?.signal(assignSignal, assignmentOf(name)))));
  };
  const tellAll = async (): Promise<void> => {
    const wanted = memberControl(control(), nextVersion(), isStopping);
    await Promise.all(active().map(({ handle }) => unlessEnded(handle?.signal(controlSignal, wanted))));
  };
  const grant = async (ids: readonly string[]): Promise<void> => {
    await Promise.all(
      ids.map((id) => {
        const member = slots.members.get(id);
        const handle = active().find(({ manager: known }) => known === id)?.handle;
        return unlessEnded(member && handle?.signal(slotGrantSignal, { slots: member.held, asOf: member.asOf, version: nextVersion() }));
      }),
    );
  };

  onControl(() => {
    void tellAll();
    void assignAll(null);
  });
  level.onChange(() => void assignAll(null));
  listenToMembers(coordinator);
  wf.setHandler(slotRequestSignal, ({ member, wants, nth }) => grant(requestSlots(slots, member, wants, nth)), {
    description: 'From a manager: how many tasks it could have in flight.',
  });

  const free = (): Amount =>
    freeOf(
      state.budget,
      spentOf(state),
      active().map(({ lease }) => lease),
    );

  /** One term of a domain's manager. */
  const runTerm = async (domain: Domain, id: string): Promise<ManagerOutcome> => {
    const startsWith = control();
    const handle = await wf.startChild<typeof manager>('manager', {
      workflowId: id,
      taskQueue: coordinatorQueue(input.model.provider),
      args: [
        input,
        { reportTo: workflowId, assignment: assignmentOf(domain.name), slots: slots.members.get(id)?.held ?? 0 },
        ...snapshotFor(state, known(domain.name), domain.lease, control().paused),
      ],
      staticSummary: `manager of ${domain.name} in ${input.swarmId}`,
      cancellationType: wf.ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    });
    domain.handle = handle;
    // What arrived while the child was starting reached nobody; and from now on others may be told who needs them.
    if (control() !== startsWith || control().steering.length > 0 || isStopping) await tellAll();
    await assignAll(id);
    return handle.result();
  };

  /** Terms of one domain until its tasks have settled. */
  const runDomain = async (domain: Domain): Promise<void> => {
    const { name } = domain;
    const id = domain.manager ?? '';
    emit({ type: 'manager.started', data: { domain: name, manager: id, tasks: tasksOf(name).length, slots: slots.members.get(id)?.held ?? 0 } });
    try {
      const outcome = await runTerm(domain, id);
      if (outcome.kind === 'starved') {
        isStarved = true;
        isStopping = true;
        await tellAll();
      }
      emit({ type: 'manager.ended', data: { domain: name, manager: id, how: outcome.kind } });
    } catch (error) {
      if (wf.isCancellation(error)) throw error;
      domain.deaths += 1;
      const why = error instanceof wf.ChildWorkflowFailure ? (error.cause?.message ?? error.message) : String(error);
      emit({ type: 'manager.replaced', data: { domain: name, manager: id, why } });
      if (domain.deaths >= LIMITS.queenTerms) {
        failure = { code: 'internal', message: `The manager of ${name} died ${domain.deaths} times.`, why, fix: 'See its workflow in the Web UI.' };
        isStopping = true;
        await tellAll();
      }
    } finally {
      domain.manager = null;
      domain.handle = null;
      reopenRunning(tasksOf(name));
      void grant(leaveSlots(slots, id));
    }
  };

  const idle = (): readonly string[] => {
    const open = new Set(state.tasks.filter(({ status }) => status === 'pending').map(nameOf));
    return [...open].filter((name) => name !== null).filter((name) => (domains.get(name)?.manager ?? null) === null);
  };
  const running = new Set<Promise<void>>();
  const fault: { error?: unknown } = {};
  const start = (names: readonly string[]): void => {
    const share = shareOf(
      free(),
      names.map((name) => tasksOf(name).filter(({ status }) => status === 'pending').length),
    );
    for (const [i, name] of names.entries()) {
      const domain = domains.get(name) ?? { name, term: 0, deaths: 0, manager: null, handle: null, lease: NOTHING };
      domains.set(name, domain);
      domain.term += 1;
      domain.manager = managerId(workflowId, name, domain.term);
      domain.lease = share[i] ?? NOTHING;
    }
    joinSlots(slots, Object.fromEntries(names.map((name) => [domains.get(name)?.manager ?? '', tasksOf(name).length])));
    for (const name of names) {
      const domain = domains.get(name);
      if (!domain) continue;
      const run = runDomain(domain)
        .catch((error: unknown) => {
          fault.error ??= error;
        })
        .finally(() => running.delete(run));
      running.add(run);
    }
  };
  const isHandingOver = (): boolean => wantsHandOver() || isStopping;

  /** What has become of somebody else's tasks that ours need, for those who have not been told. */
  const told = new Set<string>();
  const news = (): readonly { readonly domain: Domain; readonly ids: readonly string[] }[] =>
    active().flatMap((domain) => {
      const needs = new Set(tasksOf(domain.name).flatMap(({ dependsOn }) => dependsOn));
      const ids = [...needs].filter(
        (id) => !told.has(`${domain.manager ?? ''} ${id}`) && state.tasks.some((task) => task.id === id && nameOf(task) === null) && fateOf(state.tasks, id) !== null,
      );
      return ids.length === 0 || domain.handle === null ? [] : [{ domain, ids }];
    });
  const passOn = async (): Promise<void> => {
    await Promise.all(
      news().map(({ domain, ids }) => {
        for (const id of ids) told.add(`${domain.manager ?? ''} ${id}`);
        return unlessEnded(domain.handle?.signal(memberSignal, { fates: ids.flatMap((id) => fateOf(state.tasks, id) ?? []) }));
      }),
    );
  };
  const hasOtherPlaces = (): boolean => level.places() !== slots.total;

  try {
    for (;;) {
      if (hasOtherPlaces()) await grant(resizeSlots(slots, level.places()));
      if (!isHandingOver()) start(idle());
      await passOn();
      await wf.condition(() => 'error' in fault || running.size === 0 || hasOtherPlaces() || news().length > 0 || (!isHandingOver() && idle().length > 0));
      if ('error' in fault) {
        isStopping = true;
        await tellAll();
        throw fault.error;
      }
      if (running.size > 0) continue;
      if (failure) return { kind: 'failed', failure };
      if (isStarved) return { kind: 'starved' };
      if (allSettled(mine())) return { kind: 'settled' };
      if (wantsHandOver()) return { kind: 'handedOver' };
    }
  } finally {
    // On cancellation too: their last events belong to the swarm.
    await Promise.all(running);
  }
};
