import type { Swarms } from '../temporal/port.js';

/** A façade that is opened by the first call and kept; a failed opening is tried again by the next call. */
export const lazySwarms = (open: () => Promise<Swarms>): Swarms => {
  let opened: Promise<Swarms> | null = null;
  const swarms = (): Promise<Swarms> => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  return {
    start: async (...given) => (await swarms()).start(...given),
    preview: async (...given) => (await swarms()).preview(...given),
    show: async (...given) => (await swarms()).show(...given),
    figures: async (...given) => (await swarms()).figures(...given),
    list: async (...given) => (await swarms()).list(...given),
    wait: async (...given) => (await swarms()).wait(...given),
    result: async (...given) => (await swarms()).result(...given),
    output: async (...given) => (await swarms()).output(...given),
    events: async function* (...given) {
      yield* (await swarms()).events(...given);
    },
    cancel: async (...given) => (await swarms()).cancel(...given),
    pause: async (...given) => (await swarms()).pause(...given),
    resume: async (...given) => (await swarms()).resume(...given),
    steer: async (...given) => (await swarms()).steer(...given),
    addTasks: async (...given) => (await swarms()).addTasks(...given),
    raiseBudget: async (...given) => (await swarms()).raiseBudget(...given),
    answer: async (...given) => (await swarms()).answer(...given),
    switchTopology: async (...given) => (await swarms()).switchTopology(...given),
    wantedWorkers: async (...given) => (await swarms()).wantedWorkers(...given),
    scale: async (...given) => (await swarms()).scale(...given),
    stopScaling: async (...given) => (await swarms()).stopScaling(...given),
    readiness: async (...given) => (await swarms()).readiness(...given),
  };
};
