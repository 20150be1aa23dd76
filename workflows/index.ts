export { hierarchicalSwarm } from './hierarchical-swarm.js';
export { manager } from './manager.js';
export { queenSwarm } from './queen-swarm.js';
export { swarm } from './swarm.js';
