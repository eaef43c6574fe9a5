// A consumer whose handler fails, on a topic with a retry table: the harness has prepared it.
'use strict'

const { check, sleep } = require('../client')

const BACKOFF_MS = [200, 400, 800]

/** All that a consumer needs: what its handler throws for comes back, and ends in the dead-letter topic. */
async function runWithRetries({ consumer, producer, topic, group, handle }) {
  const retries = `${topic}.${group}.retry`
  await consumer.subscribe({ topics: [topic, retries], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      try {
        await handle(message)
      } catch (error) {
        const origin = topic === retries ? {} : { 'corvid-retry-partition': `${partition}`, 'corvid-retry-offset': message.offset }
        const headers = { ...message.headers, ...origin, 'corvid-retry-reason': error.message }
        await producer.send({ topic: retries, messages: [{ ...message, headers }] })
      }
    },
  })
}

async function consumerRetry(world) {
  const { topic } = world.options
  check(topic, '--topic is needed')
  const [group, producer] = [world.name('billing'), await world.producer()]
  const consumer = await world.consumer({ groupId: group, maxWaitTimeInMs: 100 })
  const tries = new Map()
  const handle = async message => {
    const key = String(message.key)
    if (!key.startsWith(world.run)) return
    const before = tries.get(key) ?? []
    const now = Date.now()
    check(before.length === 0 || now >= before.at(-1) + BACKOFF_MS[before.length - 1], `${key} is early: ${before}, ${now}`)
    tries.set(key, [...before, now])
    const value = String(message.value)
    if (value === 'hopeless' || (value === 'later' && before.length < 2)) throw new Error(`attempt ${before.length + 1} of ${value}`)
  }
  const broken = []
  const watched = message => handle(message).catch(error => {
    if (error.message.includes('is early')) broken.push(error.message)
    throw error
  })
  await runWithRetries({ consumer, producer, topic, group, handle: watched })
  const kinds = ['fine', 'later', 'hopeless']
  const sent = Array.from({ length: 30 }, (_, n) => ({ key: `${world.run}-${n}`, value: kinds[n % 3], headers: { trace: `${n}` } }))
  await producer.send({ topic, messages: sent })
  const expected = { fine: 1, later: 3, hopeless: 4 }
  const wrong = () => sent.filter(({ key, value }) => (tries.get(key) ?? []).length !== expected[value])
  await world.until(() => wrong().length === 0, () => `${wrong().length} records were not handled as often as they should`)
  const ours = message => message.key?.toString().startsWith(world.run)
  const dead = (await world.readAll(`${topic}.DLT`, messages => messages.filter(ours).length >= 10)).filter(ours)
  await sleep(1000)
  check(broken.length === 0, broken[0])
  check(wrong().length === 0, `${wrong().length} records were handled more often than they should`)
  check(dead.length === 10 && dead.every(message => String(message.value) === 'hopeless'), `${dead.length} dead letters`)
  for (const { key, headers } of dead) {
    const told = name => String(headers[`corvid-dlt-${name}`])
    check(told('attempts') === '4' && told('reason') === 'attempt 4 of hopeless', `${key}: ${told('attempts')}, ${told('reason')}`)
    check(told('topic') === topic && told('group') === group && told('stage') === 'consumer', `${key}: ${told('topic')}, ${told('group')}`)
    check(Number(told('last-at')) - Number(told('first-at')) >= 1400, `${key}: ${told('first-at')} to ${told('last-at')}`)
    check(String(headers.trace) === String(key).split('-').at(-1), `${key} has the trace ${headers.trace}`)
  }
  return `${dead.length} dead letters, after 200, 400 and 800 ms`
}

module.exports = { 'consumer-retry': consumerRetry }
