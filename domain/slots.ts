/** Places for tasks in flight, leased down to the members of a coordinator: what is held never exceeds the total, whatever order requests and answers arrive in. */
export interface SlotPool {
  total: number;
  readonly members: Map<string, SlotMember>;
}

export interface SlotMember {
  held: number;
  wants: number;
  /** Number of the last request that was answered: an answer to an older one is void. */
  asOf: number;
}

export const openSlots = (total: number): SlotPool => ({ total, members: new Map() });

const freeSlots = ({ total, members }: SlotPool): number => total - [...members.values()].reduce((sum, { held }) => sum + held, 0);

/** Hands free places one by one to whoever wants more and holds least; returns the ids that got some. */
const distribute = (pool: SlotPool): readonly string[] => {
  const served = new Set<string>();
  for (let free = freeSlots(pool); free > 0; free -= 1) {
    const poorest = [...pool.members]
      .filter(([, { held, wants }]) => wants > held)
      .reduce<[string, SlotMember] | null>((low, one) => (low === null || one[1].held < low[1].held ? one : low), null);
    if (poorest === null) break;
    poorest[1].held += 1;
    served.add(poorest[0]);
  }
  return [...served];
};

/** New members, served together so that none takes what another could share. */
export const joinSlots = (pool: SlotPool, wants: Readonly<Record<string, number>>): void => {
  for (const [id, want] of Object.entries(wants)) pool.members.set(id, { held: 0, wants: want, asOf: 0 });
  distribute(pool);
};

/** Request number `asOf` of a member: what it no longer wants is free for others at once, since it uses no more than it wants. Returns the ids whose lease changed, the asker among them. */
export const requestSlots = (pool: SlotPool, id: string, wants: number, asOf: number): readonly string[] => {
  const member = pool.members.get(id);
  if (!member || asOf <= member.asOf) return [];
  member.asOf = asOf;
  member.wants = wants;
  member.held = Math.min(member.held, wants);
  return [...new Set([id, ...distribute(pool)])];
};

/** What the members hold together. */
export const heldOf = (pool: SlotPool): number => pool.total - freeSlots(pool);

/** Another total; what is held above it comes back as its holders ask for less. Returns the ids that got more. */
export const resizeSlots = (pool: SlotPool, total: number): readonly string[] => {
  pool.total = total;
  return distribute(pool);
};

/** A member has ended; returns the ids that got its places. */
export const leaveSlots = (pool: SlotPool, id: string): readonly string[] => {
  pool.members.delete(id);
  return distribute(pool);
};
