/** Body of the requests: a chat job as clients send them, about 600 bytes. */
export const chatJob = {
  type: 'chat',
  model: 'chat',
  input: {
    messages: [
      {
        role: 'system',
        content:
          'You sort messages of customers. Answer with one of: invoice, delivery, complaint, other. ' +
          'Give a reason of at most ten words. Do not answer the customer.',
      },
      {
        role: 'user',
        content:
          'Hello, I ordered two lamps three weeks ago and only one has come, while the invoice lists both. ' +
          'Could you tell me when the other one arrives, or send me a corrected invoice? Thank you.',
      },
    ],
    temperature: 0.2,
    max_completion_tokens: 64,
  },
  metadata: { order: '20417', channel: 'email' },
} as const;
