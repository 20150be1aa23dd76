export { distributedSwarm } from './distributed-swarm.js';
export { hierarchicalSwarm } from './hierarchical-swarm.js';
export { manager } from './manager.js';
export { meshPeer } from './mesh-peer.js';
export { meshSwarm } from './mesh-swarm.js';
export { queenSwarm } from './queen-swarm.js';
export { region } from './region.js';
export { swarm } from './swarm.js';
