import { proxyActivities } from '@temporalio/workflow';

interface BareActivities {
  ask(key: string): Promise<number>;
}
const { ask } = proxyActivities<BareActivities>({ startToCloseTimeout: '10 minutes', heartbeatTimeout: '15 seconds' });

/** The baseline: one activity per call and nothing else; a plan, n drafts, n readers that each wait for two drafts, one merge. */
export async function bare(id: string, n: number): Promise<void> {
  await ask(`${id}/plan`);
  const drafts = Array.from({ length: n }, (_, i) => ask(`${id}/a${i}`));
  await Promise.all(drafts.map((_, i) => Promise.all([drafts[i], drafts[(i + 1) % n]]).then(() => ask(`${id}/b${i}`))));
  await ask(`${id}/merge`);
}
