/** Places for tasks in flight, leased down to the members of a coordinator: what is held never exceeds the total, whatever order requests and answers arrive in. */
export interface SlotPool {
  total: number;
  /** Takes a place back from whoever has several where somebody has none; off in runs that began before it was so. */
  readonly isFair: boolean;
  readonly members: Map<string, SlotMember>;
}

export interface SlotMember {
  held: number;
  wants: number;
  /** Priority of the most urgent task it could run, 1 (first) to 5. */
  urgency: number;
  /** Number of the last request that was answered: an answer to an older one is void. */
  asOf: number;
  /** It is to come down to this many; what it holds above that is somebody else's once it says that it is free. Null = no. */
  target: number | null;
}

export const openSlots = (total: number, isFair = true): SlotPool => ({ total, isFair, members: new Map() });

/** How many places a member may use from now on. */
export const grantOf = ({ held, target }: SlotMember): number => (target === null ? held : Math.min(held, target));

const freeSlots = ({ total, members }: SlotPool): number => total - [...members.values()].reduce((sum, { held }) => sum + held, 0);

/** Hands free places one by one to whoever wants more and holds least, the more urgent first; returns the ids that got some. */
const distribute = (pool: SlotPool): readonly string[] => {
  const served = new Set<string>();
  for (let free = freeSlots(pool); free > 0; free -= 1) {
    const [poorest] = [...pool.members].filter(([, { held, wants }]) => wants > held).sort(([, a], [, b]) => a.held - b.held || (pool.isFair ? a.urgency - b.urgency : 0));
    if (!poorest) break;
    poorest[1].held += 1;
    served.add(poorest[0]);
  }
  return [...new Set([...served, ...(pool.isFair ? reclaim(pool) : [])])];
};

/** Asks for places back: where there are fewer than before, and where somebody has none, from the richest, or the only one of somebody less urgent. Returns the ids that are asked. */
const reclaim = (pool: SlotPool): readonly string[] => {
  const all = [...pool.members];
  const free = freeSlots(pool);
  const starving = all.filter(([, { held, wants }]) => held === 0 && wants > 0).sort(([, a], [, b]) => a.urgency - b.urgency);
  const asked = new Set<string>();
  // For each that is needed: how urgent it is; places that are gone go before all.
  const needs = [...Array.from({ length: Math.max(0, -free) }, () => 0), ...starving.slice(Math.max(0, free)).map(([, { urgency }]) => urgency)];
  const coming = all.reduce((sum, [, member]) => sum + member.held - grantOf(member), 0);
  for (const urgency of needs.slice(coming)) {
    const [richest] = all
      .filter(([, one]) => grantOf(one) > 1 || (grantOf(one) === 1 && one.urgency > urgency))
      .sort(([, a], [, b]) => grantOf(b) - grantOf(a) || b.urgency - a.urgency);
    if (!richest) break;
    richest[1].target = grantOf(richest[1]) - 1;
    asked.add(richest[0]);
  }
  return [...asked];
};

/** What a member says of itself: how many places it could use, and how urgent its most urgent task is. */
export interface SlotAsk {
  readonly wants: number;
  readonly urgency?: number;
}
/** Of a member that does not say. */
const USUAL = 3;

/** New members, served together so that none takes what another could share. Returns the ids of others that are to give back. */
export const joinSlots = (pool: SlotPool, asks: Readonly<Record<string, SlotAsk>>): readonly string[] => {
  for (const [id, { wants, urgency = USUAL }] of Object.entries(asks)) pool.members.set(id, { held: 0, wants, urgency, asOf: 0, target: null });
  return distribute(pool).filter((id) => !(id in asks));
};

/** Request number `asOf` of a member: what it no longer wants or holds is free for others at once, since it uses no more than that. Returns the ids whose lease changed, the asker among them. */
export const requestSlots = (
  pool: SlotPool,
  id: string,
  { wants, holds, asOf, urgency = USUAL }: SlotAsk & { readonly holds: number; readonly asOf: number },
): readonly string[] => {
  const member = pool.members.get(id);
  if (!member || asOf <= member.asOf) return [];
  member.asOf = asOf;
  member.wants = wants;
  member.urgency = urgency;
  member.held = Math.min(member.held, wants, holds);
  if (member.target !== null && member.held <= member.target) member.target = null;
  return [...new Set([id, ...distribute(pool)])];
};

/** What the members hold together. */
export const heldOf = (pool: SlotPool): number => pool.total - freeSlots(pool);

/** Another total; what is held above it comes back as its holders ask for less. Returns the ids whose lease changed. */
export const resizeSlots = (pool: SlotPool, total: number): readonly string[] => {
  pool.total = total;
  return distribute(pool);
};

/** A member has ended; returns the ids whose lease changed. */
export const leaveSlots = (pool: SlotPool, id: string): readonly string[] => {
  pool.members.delete(id);
  return distribute(pool);
};
