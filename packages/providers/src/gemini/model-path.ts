import type { Target } from '@sluice/config';

/** A model is named as `gemini-…`, or with what it is: `models/…`, `tunedModels/…`. */
export function modelName({ model }: Target): string {
  return model.includes('/') ? model : `models/${model}`;
}

/** The path of a method of the target's model. */
export function modelPath(target: Target, method: string): string {
  const version = target.provider.options['apiVersion'] ?? 'v1beta';
  const segments = modelName(target)
    .split('/')
    .map((segment) => encodeURIComponent(segment));
  return `/${version}/${segments.join('/')}:${method}`;
}
