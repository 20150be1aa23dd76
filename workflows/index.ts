export { queenSwarm } from './queen-swarm.js';
export { swarm } from './swarm.js';
