// The scenarios of ../scenarios.toml with kafkajs. Prints one line of JSON.
'use strict'

const { Kafka, logLevel } = require('kafkajs')
const { randomBytes } = require('crypto')
const { once } = require('events')
require('./codecs')

/** A scenario that kafkajs can't do, with its reason. */
class NotApplicable extends Error {}

function parseArguments(argv) {
  const options = { timeout: 90 }
  for (let at = 0; at < argv.length; at += 2) {
    if (!argv[at].startsWith('--') || at + 1 >= argv.length) throw new Error(`what is ${argv[at]}?`)
    options[argv[at].slice(2)] = argv[at + 1]
  }
  for (const number of ['partition', 'records', 'seconds', 'timeout']) {
    if (options[number] !== undefined) options[number] = Number(options[number])
  }
  if (!options.broker || !options.scenario) throw new Error('--broker HOST:PORT --scenario NAME')
  return options
}

/** What a scenario works with: clients, and names that nobody else has. */
class World {
  constructor(options) {
    this.options = options
    this.run = randomBytes(4).toString('hex')
    this.complaints = []
    this.closing = []
    this.callItself('corvid-kafkajs')
  }

  /** What clients that are opened from now on call themselves. */
  callItself(clientId) {
    this.kafka = new Kafka({
      clientId,
      brokers: [this.options.broker],
      logLevel: process.env.DEBUG ? logLevel.INFO : logLevel.ERROR,
      // Requests that fail are told nowhere else: kafkajs sends them again.
      logCreator: () => ({ level, log }) => {
        const { message, error = '' } = log
        if (level === logLevel.ERROR) this.complaints.push(`${message} ${error}`)
        if (process.env.DEBUG) console.error(message, error)
      },
      retry: { retries: 8 },
    })
    this.theAdmin = undefined
  }

  name(what) {
    return `${what}-kafkajs-${this.run}`
  }

  /** Something to disconnect in the end. */
  async open(client) {
    this.closing.unshift(client)
    await client.connect()
    return client
  }

  async admin() {
    this.theAdmin ??= await this.open(this.kafka.admin())
    return this.theAdmin
  }

  async createTopic(topic, numPartitions, configEntries = []) {
    const admin = await this.admin()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }] })
    return topic
  }

  producer(options = {}) {
    return this.open(this.kafka.producer({ allowAutoTopicCreation: false, ...options }))
  }

  consumer(options = {}) {
    return this.open(this.kafka.consumer({
      groupId: this.name('group'), sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 500, ...options,
    }))
  }

  /** Reads a topic from the beginning until `enough(messages)`. */
  async readAll(topic, enough, options = {}) {
    const consumer = await this.consumer({ groupId: this.name('read-' + topic), ...options })
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const messages = []
    await consumer.run({
      eachMessage: async ({ partition, message }) => { messages.push({ partition, ...message }) },
    })
    await this.until(() => enough(messages), () => `${messages.length} messages of ${topic} have arrived`)
    await consumer.stop()
    return messages
  }

  async until(holds, explain) {
    const deadline = Date.now() + this.options.timeout * 1000
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`not in ${this.options.timeout} s: ${explain()}`)
      await sleep(20)
    }
  }

  /** Asks whoever runs this for something, and waits until it is done: until they send a line. */
  async ask(wish) {
    console.log(JSON.stringify(wish))
    await once(process.stdin, 'data')
  }

  async close() {
    for (const client of this.closing) await client.disconnect().catch(() => {})
  }
}

const sleep = millis => new Promise(resolve => setTimeout(resolve, millis))

function check(holds, explain) {
  if (!holds) throw new Error(explain)
}

async function main() {
  const options = parseArguments(process.argv.slice(2))
  const answer = { client: 'kafkajs', scenario: options.scenario, result: 'pass', detail: '' }
  const world = new World(options)
  try {
    const scenarios = { ...require('./scenarios/records'), ...require('./scenarios/groups'), ...require('./scenarios/plugins'), ...require('./scenarios/retries') }
    const scenario = scenarios[options.scenario]
    if (!scenario) throw new NotApplicable('kafkajs 2 does not have this, or no such scenario')
    answer.detail = (await scenario(world)) ?? ''
  } catch (error) {
    answer.result = error instanceof NotApplicable ? 'n/a' : 'fail'
    answer.detail = String(error.message)
    if (process.env.DEBUG) console.error(error)
  }
  await Promise.race([world.close(), sleep(5000)])
  console.log(JSON.stringify(answer))
  process.exit(answer.result === 'fail' ? 1 : 0)
}

module.exports = { NotApplicable, check, sleep }

if (require.main === module) main()
