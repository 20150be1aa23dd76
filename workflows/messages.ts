import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { SignedVote } from '../activities/vote-keys.js';
import type { Answers } from '../domain/answers.js';
import type { Judgement } from '../domain/ballot.js';
import type { BudgetLimits, WantedLimits } from '../domain/budget.js';
import type { Claim } from '../domain/contracts.js';
import type { EventDraft, SwarmEvent } from '../domain/events.js';
import type { Fate } from '../domain/fates.js';
import type { Lesson } from '../domain/lessons.js';
import type { Owners, PeerItem } from '../domain/mesh.js';
import type { Topology } from '../domain/names.js';
import type { Replica } from '../domain/replica.js';
import type { ScalingPolicy } from '../domain/scaling.js';
import type { SwarmInput } from '../domain/swarm-input.js';
import type { TextRef } from '../domain/model-call.js';
import type { CallUsage, Usage } from '../domain/usage.js';
import type { TaskState } from '../domain/task-state.js';
import type { TaskDecision, TaskSpec } from '../domain/task-graph.js';
import type { StatusReply } from '../domain/view.js';
import type { VoteView } from '../domain/vote-view.js';
import type { Answered, Question } from './ask-model.js';

/** One page of events, or where to read it instead: `readRunId` is an earlier run of the same workflow. */
export interface EventsReply {
  readonly events: readonly SwarmEvent[];
  readonly lastSeq: number;
  readonly ended: boolean;
  readonly readRunId: string | null;
}

export interface CostReply {
  readonly usage: Usage;
  readonly budget: SwarmInput['budget'];
}

export const statusQuery = defineQuery<StatusReply>('swarm.status');
export const eventsQuery = defineQuery<EventsReply, [afterSeq: number]>('swarm.events');
export const votesQuery = defineQuery<readonly VoteView[]>('swarm.votes');
export const costQuery = defineQuery<CostReply>('swarm.cost');

export const pauseSignal = defineSignal('swarm.pause');
export const resumeSignal = defineSignal('swarm.resume');
/** An update, not a signal: the caller learns that the text was taken. Returns the number of texts so far. */
export const steerUpdate = defineUpdate<number, [text: string]>('swarm.steer');

/** Adds tasks to a running swarm; returns how many it has now. */
export const addTaskUpdate = defineUpdate<number, [tasks: readonly TaskSpec[]]>('swarm.addTask');
/** Sets higher limits; what is left out stays. Returns the limits in force. */
export const raiseBudgetUpdate = defineUpdate<BudgetLimits, [wanted: WantedLimits]>('swarm.raiseBudget');

/** From a coordinator to its swarm: events in order, `first` being the number of the first one in this term. */
export interface CoordinatorReport {
  readonly term: number;
  readonly first: number;
  readonly drafts: readonly EventDraft[];
  /** Which member it is from; absent from a coordinator. */
  readonly source?: string;
}
export const reportSignal = defineSignal<[CoordinatorReport]>('coordinator.report');

/** To a member, from its coordinator: all that it owns by now and who waits for it, so that sending it twice does no harm. */
export interface Assignment {
  readonly owned: readonly TaskSpec[];
  /** Other members' tasks that these need, as far as the coordinator knows them. */
  readonly needed: readonly TaskState[];
  /** Counts what this sender sent of this kind, from 1; absent in messages of older versions. */
  readonly version?: number;
  /** Task id → workflow ids of the members whose tasks need it. */
  readonly interests: Readonly<Record<string, readonly string[]>>;
}
export const assignSignal = defineSignal<[Assignment]>('manager.assign');
/** From a member to another: what became of tasks that the other's need. */
export const memberSignal = defineSignal<[{ readonly fates: readonly Fate[] }]>('manager.message');
/** From a member to its coordinator: how many tasks it could have in flight; `nth` counts its requests from 1. */
export interface SlotRequest {
  readonly member: string;
  readonly wants: number;
  /** Priority of its most urgent task that is not running, 1 to 5; absent = 3. */
  readonly urgency?: number;
  /** Places in use or promised; absent in messages of older versions: as many as it wants. */
  readonly holds?: number;
  readonly nth: number;
}
export const slotRequestSignal = defineSignal<[SlotRequest]>('budget.request');
/** The answer: how many it may have, as of that request; `held` counts those too that it is to give back. */
export const slotGrantSignal = defineSignal<[{ readonly slots: number; readonly held?: number; readonly asOf: number; readonly version?: number }]>('budget.grant');

/** How many workers a queue should have: what `cf dev --autoscale` follows, and a Kubernetes scaler may. */
export interface Wanted {
  readonly queue: string;
  readonly wanted: number;
  readonly waiting: number;
  readonly oldestMs: number;
  readonly reason: string;
  /** ISO 8601: when the queue was last looked at; null before the first look that succeeded. */
  readonly at: string | null;
}
export const wantedQuery = defineQuery<Wanted>('scaler.wanted');
export const scalingPolicySignal = defineSignal<[ScalingPolicy]>('scaler.policy');

/** Between regions and from their coordinator: a part of the shared state, merged by whoever gets it. */
export const syncSignal = defineSignal<[Replica]>('region.sync');
/** What a replica knows, for comparison: place and state by task id, and who runs each region. */
export const replicaQuery = defineQuery<Readonly<Record<string, string>>>('region.replica');

/** From a peer to another: many items in one signal. */
export const peerSignal = defineSignal<[{ readonly from: string; readonly items: readonly PeerItem[] }]>('peer.message');
/** From the mesh to each peer: its whole wanted condition, so that sending it twice does no harm. */
export interface MeshRoster {
  /** Counts what this sender sent of this kind, from 1; absent in messages of older versions. */
  readonly version?: number;
  /** Workflow ids of the peers that live, by name. */
  readonly peers: Readonly<Record<string, string>>;
  readonly owners: Owners;
  readonly added: readonly TaskSpec[];
  /** What the mesh knows of tasks that open ones need. */
  readonly fates: readonly Fate[];
}
export const rosterSignal = defineSignal<[MeshRoster]>('mesh.roster');
/** What is put to the vote of the peers; `purpose` makes the call key. */
export interface PeerMotion {
  readonly proposal: string;
  readonly round: number;
  readonly purpose: string;
  readonly question: string;
  readonly subject: TextRef | string;
  readonly options: readonly string[];
  /** Votes of the round before, in the order of the options. */
  readonly counts: readonly number[];
}
export const motionSignal = defineSignal<[PeerMotion | null]>('mesh.motion');
/** A peer's signed vote with what it rests on. */
export interface PeerBallot {
  readonly vote: SignedVote;
  /** Ed25519, base64. */
  readonly signature: string;
  readonly claims: readonly Claim[];
  readonly text: TextRef;
  readonly usage: CallUsage;
}
export const ballotSignal = defineSignal<[PeerBallot]>('peer.ballot');

/** To a peer: what it is to merge; `call` names it in the answer. */
export interface PeerQuestion {
  readonly call: string;
  readonly role: string;
  readonly question: Omit<Question, 'role' | 'agentId'>;
}
export const questionSignal = defineSignal<[PeerQuestion]>('mesh.question');
export interface PeerAnswer {
  readonly call: string;
  readonly agentId: string;
  readonly answered: Answered;
}
export const answeredSignal = defineSignal<[PeerAnswer]>('peer.answer');

/** What a person decides where the voters of the outcome found no quorum; refused where they did. */
export const judgeUpdate = defineUpdate<void, [verdict: Judgement]>('swarm.judge');
/** What becomes of a task that failed and asks; refused where it does not. */
export const answerUpdate = defineUpdate<void, [{ readonly taskId: string; readonly decision: TaskDecision }]>('swarm.answer');

/** Moves a running swarm to another topology at the next safe point; returns the one it leaves. */
export const switchTopologyUpdate = defineUpdate<Topology, [to: Topology]>('swarm.switchTopology');

/** From a swarm to its coordinator: the whole wanted condition, so that sending it twice does no harm. */
export interface CoordinatorControl extends Answers {
  readonly paused: boolean;
  readonly steering: readonly string[];
  /** Tasks that people added, in order, and the limits of the budget; absent in messages of older versions. */
  readonly added?: readonly TaskSpec[];
  readonly budget?: BudgetLimits;
  /** What was learned anywhere in the swarm; absent where nothing was. */
  readonly lessons?: readonly Lesson[];
  /** Counts what this sender sent of this kind, from 1; absent in messages of older versions. */
  readonly version?: number;
  /** Finish what runs, start nothing, hand over. */
  readonly handOver: boolean;
}
export const controlSignal = defineSignal<[CoordinatorControl]>('coordinator.control');
