export { hierarchicalSwarm } from './hierarchical-swarm.js';
export { manager } from './manager.js';
export { meshPeer } from './mesh-peer.js';
export { meshSwarm } from './mesh-swarm.js';
export { queenSwarm } from './queen-swarm.js';
export { swarm } from './swarm.js';
