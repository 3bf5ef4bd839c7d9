import type { HumanInputForm } from '@sluice/contracts';
import { z } from 'zod';

import { isRecord } from '../http/error-fields.ts';
import type { RunEvent } from './run-event.ts';

const text = z.string().nullish().catch(undefined);
const maxContent = 20_000;

/** A form in `human_input_required`, and in the reasons of `workflow_paused`. */
const formData = z.object({
  form_token: z.string(),
  form_id: text,
  node_id: text,
  node_title: text,
  form_content: text,
  inputs: z.array(z.unknown()).nullish().catch(undefined),
  actions: z
    .array(z.looseObject({ id: z.string(), title: text, button_style: text }))
    .nullish()
    .catch(undefined),
  resolved_default_values: z.record(z.string(), z.unknown()).nullish().catch(undefined),
  expiration_time: z.number().nullish().catch(undefined),
});

/** The forms that an event tells: those it asks with. */
export function formsIn(event: RunEvent, nowMs: number): HumanInputForm[] {
  if (!isRecord(event.data)) return [];
  if (event.event === 'human_input_required') return toForms([event.data], nowMs);
  const { reasons } = event.data;
  return event.event === 'workflow_paused' && Array.isArray(reasons) ? toForms(reasons, nowMs) : [];
}

/** The node whose form an event says is answered or timed out. */
export function settledNodeIn(event: RunEvent): string | undefined {
  const isSettled = /^human_input_form_(?:filled|timeout)$/.test(event.event);
  const nodeId = isSettled && isRecord(event.data) ? event.data['node_id'] : undefined;
  return typeof nodeId === 'string' ? nodeId : undefined;
}

function toForms(values: readonly unknown[], nowMs: number): HumanInputForm[] {
  return values.flatMap((value) => {
    const parsed = formData.safeParse(value);
    return parsed.success ? [toForm(parsed.data, nowMs)] : [];
  });
}

function toForm(data: z.infer<typeof formData>, nowMs: number): HumanInputForm {
  const { form_id: id, node_id: node, node_title: title, form_content: content } = data;
  return {
    form_token: data.form_token,
    ...(id && { form_id: id }),
    ...(node && { node_id: node }),
    ...(title && { node_title: title }),
    ...(content && { form_content: content.slice(0, maxContent) }),
    inputs: data.inputs ?? [],
    actions: (data.actions ?? []).map((action) => ({
      id: action.id,
      ...(action.title && { title: action.title }),
      ...(action.button_style && { button_style: action.button_style }),
    })),
    ...(data.resolved_default_values && { resolved_default_values: data.resolved_default_values }),
    ...(data.expiration_time && { expiration_time: data.expiration_time }),
    asked_at_ms: nowMs,
  };
}
