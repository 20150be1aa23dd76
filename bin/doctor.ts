import type { Check } from '../cli/deps.js';
import { chooseModel } from '../config/model-choice.js';
import { packageRoot } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { reportOf } from '../domain/errors.js';
import { modelQueue, SWARMS_QUEUE, type ProviderName } from '../domain/names.js';
import { diskCheck, gitCheck, nativeChecks, nodeCheck, pathCheck } from './doctor-machine.js';
import { temporalChecks } from './doctor-temporal.js';
import { runningTarget } from './local.js';

/** Everything a swarm needs, checked one by one; never throws, changes nothing. */
export const doctor = async (settings: Settings): Promise<readonly Check[]> => {
  const { check, provider } = await modelCheck(settings);
  return [
    nodeCheck(process.versions.node),
    ...(await nativeChecks()),
    await gitCheck(),
    pathCheck(process.env['PATH'] ?? '', packageRoot),
    ...(await temporalChecks({ target: await runningTarget(settings), queues: [SWARMS_QUEUE, ...(provider ? [modelQueue(provider)] : [])] })),
    check,
    await diskCheck(settings.home),
  ];
};

const modelCheck = async (settings: Settings): Promise<{ check: Check; provider: ProviderName | null }> => {
  try {
    const { ref, reason, provider, simulated } = await chooseModel({ settings, explicit: undefined });
    const poor = provider === 'local';
    const fix = poor
      ? 'It answers poorly: set ANTHROPIC_API_KEY or OPENAI_API_KEY, start Ollama, or give --model.'
      : simulated
        ? 'No model answers: unset CF_MODEL for a real one.'
        : '';
    return { check: { name: 'model', state: poor || simulated ? 'warning' : 'ok', found: `${ref}: ${reason}`, fix }, provider };
  } catch (error) {
    const { message, why, fix } = reportOf(error);
    return { check: { name: 'model', state: 'failed', found: `${message} ${why}`.trim(), fix }, provider: null };
  }
};
