/** What `handle` throws for comes back after its backoff, and in the end it is a dead letter. */
exports.consumeWithRetries = async ({ consumer, producer, topic, group, handle }) => {
  const retries = `${topic}.${group}.retry` // is made when it is named
  await consumer.subscribe({ topics: [topic, retries], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ topic: from, partition, message }) => {
      try {
        await handle(message)
      } catch (error) {
        const origin = from === topic && { 'corvid-retry-partition': `${partition}`, 'corvid-retry-offset': message.offset }
        const headers = { ...message.headers, ...origin, 'corvid-retry-reason': error.message }
        await producer.send({ topic: retries, messages: [{ ...message, headers }] })
      }
    },
  })
}
