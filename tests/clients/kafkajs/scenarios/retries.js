// A consumer whose handler fails, on a topic with a retry table: the harness has prepared it, and redrives what is dead.
'use strict'

const { check, sleep } = require('../client')
const { consumeWithRetries } = require('../with-retries')

const BACKOFF_MS = [200, 400, 800]

/** Whether a record is back too early, by its own times: when it failed last, and when it came back. */
function isEarly({ timestamp, headers }, attempts) {
  const returned = Number(timestamp)
  return attempts > 0 && (returned < Number(headers['corvid-retry-last-at']) + BACKOFF_MS[attempts - 1] || Date.now() < returned)
}

/** A handler that throws for what is hopeless until it is fixed, and twice for what is later. */
class Handler {
  constructor(run) {
    Object.assign(this, { run, handled: new Map(), broken: [], fixed: false })
  }

  handle = async message => {
    const [key, value, headers] = [String(message.key), String(message.value), message.headers]
    if (!key.startsWith(this.run)) return
    const before = this.handled.get(key) ?? 0
    this.handled.set(key, before + 1)
    const attempts = Number(headers['corvid-retry-attempts'] ?? 0)
    if (attempts !== (this.fixed ? 0 : before)) this.broken.push(`${key} has ${attempts} attempts after ${before}`)
    if (isEarly(message, attempts)) this.broken.push(`${key} is early: ${message.timestamp}, attempt ${attempts} at ${headers['corvid-retry-last-at']}`)
    if (String(headers.trace) !== key.split('-').at(-1)) this.broken.push(`${key} has the trace ${headers.trace}`)
    const fails = value === 'hopeless' ? !this.fixed : value === 'later' && before < 2
    if (fails) throw new Error(`attempt ${before + 1} of ${value}`)
  }
}

async function consumerRetry(world) {
  const { topic } = world.options
  check(topic, '--topic is needed')
  const [group, producer] = [world.name('billing'), await world.producer()]
  const consumer = await world.consumer({ groupId: group, maxWaitTimeInMs: 100 })
  const handler = new Handler(world.run)
  await consumeWithRetries({ consumer, producer, topic, group, handle: handler.handle })
  const kinds = ['fine', 'later', 'hopeless']
  const sent = Array.from({ length: 30 }, (_, n) => ({ key: `${world.run}-${n}`, value: kinds[n % 3], headers: { trace: `${n}` } }))
  await producer.send({ topic, messages: sent })
  const expected = { fine: 1, later: 3, hopeless: 4 }
  const wrong = () => sent.filter(({ key, value }) => (handler.handled.get(key) ?? 0) !== expected[value])
  /** Each is handled as often as it should be, and a second later no more. */
  const settled = async () => {
    const explain = () => `${wrong().length} records were not handled as often as they should`
    await world.until(() => wrong().length === 0, explain)
    await sleep(1000)
    check(wrong().length === 0, `${wrong().length} records were handled more often than they should`)
    check(handler.broken.length === 0, handler.broken[0])
  }
  await settled()
  const ours = message => message.key?.toString().startsWith(world.run)
  const dead = (await world.readAll(`${topic}.DLT`, messages => messages.filter(ours).length >= 10)).filter(ours)
  check(dead.length === 10 && dead.every(message => String(message.value) === 'hopeless'), `${dead.length} dead letters`)
  dead.forEach(letter => checkLetter(letter, topic, group))
  handler.fixed = true
  await world.ask({ wants: 'redrive', topic, group })
  expected.hopeless += 1
  await settled()
  return `${dead.length} dead letters, after 200, 400 and 800 ms; redriven, each is there once more`
}

function checkLetter({ key, headers }, topic, group) {
  const told = name => String(headers[`corvid-dlt-${name}`])
  check(told('attempts') === '4' && told('reason') === 'attempt 4 of hopeless', `${key}: ${told('attempts')}, ${told('reason')}`)
  check(told('topic') === topic && told('group') === group && told('stage') === 'consumer', `${key}: ${told('topic')}, ${told('group')}`)
  check(Number(told('last-at')) - Number(told('first-at')) >= 1400, `${key}: ${told('first-at')} to ${told('last-at')}`)
  check(String(headers.trace) === String(key).split('-').at(-1), `${key} has the trace ${headers.trace}`)
}

module.exports = { 'consumer-retry': consumerRetry }
