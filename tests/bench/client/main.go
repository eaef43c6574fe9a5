// What the benchmark does to a broker: one trial with franz-go, as a standard client with its defaults.
//
// A trial makes a topic of its own, measures, checks what it read back, and deletes the topic. It prints one line of
// JSON: how long each part took, and how much CPU time the broker's process spent meanwhile.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// trial is what the flags ask for.
type trial struct {
	broker, topic, codec, keys string
	ballast                    ballast
	pid                        int
	partitions, to             int
	configs                    map[string]*string
	records, size, reads, rate int
	// held is "send" or "read": see held.go.
	held  string
	ahead int
}

// answer is what is printed. CPU times are seconds of the broker's process; latencies are milliseconds.
type answer struct {
	Bytes          int64   `json:"bytes"`
	ProduceSeconds float64 `json:"produce_seconds"`
	ProduceCPU     float64 `json:"produce_cpu"`
	ConsumeSeconds float64 `json:"consume_seconds"`
	ConsumeCPU     float64 `json:"consume_cpu"`
	ConsumeBytes   int64   `json:"consume_bytes"`
	P50            float64 `json:"p50"`
	P999           float64 `json:"p999"`
	// ReleaseRate is how many held records a second came back.
	ReleaseRate float64 `json:"release_rate"`
	// ClientCPU is what this process itself took: the harness tells strangers from us by it.
	ClientCPU float64 `json:"client_cpu"`
}

const settling = 500 * time.Millisecond

func main() {
	t, configs := trial{configs: map[string]*string{}}, ""
	flag.StringVar(&t.broker, "broker", "", "HOST:PORT")
	flag.IntVar(&t.pid, "pid", 0, "the broker's process")
	flag.StringVar(&t.topic, "topic", "", "a topic to be made for this trial")
	flag.IntVar(&t.partitions, "partitions", 1, "how many it has")
	flag.StringVar(&configs, "configs", "", "its configs: KEY=VALUE;KEY=VALUE")
	flag.IntVar(&t.records, "records", 100_000, "how many to send")
	flag.IntVar(&t.size, "size", 1024, "the size of a value, bytes")
	flag.StringVar(&t.codec, "codec", "none", "none or lz4")
	flag.StringVar(&t.keys, "keys", "", "what keys begin with; none without")
	flag.IntVar(&t.to, "to", -1, "the partition to send to; -1 leaves it to the client")
	flag.IntVar(&t.reads, "reads", 1, "how often all is read back")
	flag.Int64Var(&t.ballast.copies, "copies", 1, "how often the broker writes what is sent: so much ballast is given up")
	flag.IntVar(&t.rate, "rate", 0, "records a second, at which latency is measured; 0 sends as fast as it goes")
	flag.StringVar(&t.ballast.path, "ballast", "", "a file to be used as ballast: see ballast.go")
	flag.StringVar(&t.held, "held", "", "send: records that are held until later, so many a second due; read: what comes of them")
	flag.IntVar(&t.ahead, "ahead", 60, "in how many seconds the first of them is due")
	flag.Parse()
	for _, pair := range strings.Split(configs, ";") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			t.configs[key] = &value
		}
	}
	answer, err := t.run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	line, _ := json.Marshal(answer)
	fmt.Println(string(line))
}

func (t *trial) run(ctx context.Context) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	switch t.held {
	case "send":
		return t.sendHeld(ctx)
	case "read":
		return t.readHeld(ctx)
	}
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	made, err := admin.CreateTopic(ctx, int32(t.partitions), 1, t.configs, t.topic)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w %s", t.topic, err, made.ErrMessage)
	}
	// What a broker still does for a new topic is not part of what is measured.
	time.Sleep(settling)
	answer, err := t.measure(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := admin.DeleteTopics(ctx, t.topic); err != nil {
		return nil, err
	}
	answer.ClientCPU, err = cpuSeconds(os.Getpid())
	return answer, err
}

func (t *trial) measure(ctx context.Context) (*answer, error) {
	a := &answer{Bytes: int64(t.records) * int64(t.size)}
	if t.rate > 0 {
		return a, t.latency(ctx, a)
	}
	err := t.ballast.load(a.Bytes)
	if err != nil {
		return nil, fmt.Errorf("ballast: %w", err)
	}
	a.ProduceSeconds, a.ProduceCPU, err = t.timed(func() error { return t.produce(ctx) })
	if err != nil {
		return nil, fmt.Errorf("produce: %w", err)
	}
	a.ConsumeSeconds, a.ConsumeCPU, err = t.timed(func() error {
		for range t.reads {
			if err := t.consume(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("consume: %w", err)
	}
	a.ConsumeBytes = a.Bytes * int64(t.reads)
	return a, nil
}

// timed runs a part, and says how long it took and what the broker spent on it.
func (t *trial) timed(part func() error) (seconds, cpu float64, err error) {
	before, err := cpuSeconds(t.pid)
	if err != nil {
		return 0, 0, err
	}
	begun := time.Now()
	if err := part(); err != nil {
		return 0, 0, err
	}
	seconds = time.Since(begun).Seconds()
	after, err := cpuSeconds(t.pid)
	return seconds, after - before, err
}

func (t *trial) client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(t.broker), kgo.ClientID("bench")}, opts...)...)
}
