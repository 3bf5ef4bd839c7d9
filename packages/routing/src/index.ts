export { mayFallBack } from './may-fall-back.ts';
export { nextTarget, resolveRoute } from './resolve-route.ts';
