package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A consumer whose handler fails, on a topic with a retry table: the harness has prepared it, and redrives what is dead.
var retryScenarios = map[string]scenario{"consumer-retry": consumerRetry}

var backoff = []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond}

// withRetries is all that a consumer needs: what its handler fails on comes back, and ends in the dead-letter topic.
func withRetries(ctx context.Context, client *kgo.Client, records []*kgo.Record, retries string, handle func(*kgo.Record) error) error {
	for _, record := range records {
		failed := handle(record)
		if failed == nil {
			continue
		}
		again := &kgo.Record{
			Topic: retries, Key: record.Key, Value: record.Value, Headers: slices.Clone(record.Headers), Timestamp: record.Timestamp,
		}
		tell := func(name, value string) {
			again.Headers = append(again.Headers, kgo.RecordHeader{Key: "corvid-retry-" + name, Value: []byte(value)})
		}
		tell("reason", failed.Error())
		if record.Topic != retries {
			tell("partition", strconv.Itoa(int(record.Partition)))
			tell("offset", strconv.FormatInt(record.Offset, 10))
		}
		if err := client.ProduceSync(ctx, again).FirstErr(); err != nil {
			return err
		}
	}
	return nil
}

// handler fails on what is hopeless until it is fixed, and twice on what is later.
type handler struct {
	run     string
	handled map[string]int
	fixed   bool
	broken  error
}

func (h *handler) handle(record *kgo.Record) error {
	key, value := string(record.Key), string(record.Value)
	if !strings.HasPrefix(key, h.run) {
		return nil
	}
	before, headers := h.handled[key], map[string]string{}
	h.handled[key]++
	for _, header := range record.Headers {
		headers[header.Key] = string(header.Value)
	}
	attempts, _ := strconv.Atoi(headers["corvid-retry-attempts"])
	if !h.fixed && attempts != before || h.fixed && attempts != 0 {
		h.broken = fmt.Errorf("%s has %d attempts after %d", key, attempts, before)
	}
	if attempts > 0 {
		// By its own times: when it failed last, and when it came back.
		failed, _ := strconv.ParseInt(headers["corvid-retry-last-at"], 10, 64)
		if record.Timestamp.Before(time.UnixMilli(failed).Add(backoff[attempts-1])) || time.Now().Before(record.Timestamp) {
			h.broken = fmt.Errorf("%s is early: %d, %s", key, failed, record.Timestamp)
		}
	}
	if _, n, _ := strings.Cut(key, "-"); headers["trace"] != n {
		h.broken = fmt.Errorf("%s has the trace %q", key, headers["trace"])
	}
	if value == "hopeless" && !h.fixed || value == "later" && before < 2 {
		return fmt.Errorf("attempt %d of %s", before+1, value)
	}
	return nil
}

func consumerRetry(ctx context.Context, w *world) (string, error) {
	if w.topic == "" {
		return "", errors.New("--topic is needed")
	}
	group := w.name("billing")
	retries := w.topic + "." + group + ".retry"
	client, err := w.client(kgo.ConsumerGroup(group), kgo.ConsumeTopics(w.topic, retries),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return "", err
	}
	h := &handler{run: w.run, handled: map[string]int{}}
	kinds := []string{"fine", "later", "hopeless"}
	expected := map[string]int{"fine": 1, "later": 3, "hopeless": 4}
	var sent []*kgo.Record
	for n := range 30 {
		sent = append(sent, &kgo.Record{
			Topic: w.topic, Key: fmt.Appendf(nil, "%s-%d", w.run, n), Value: []byte(kinds[n%3]),
			Headers: []kgo.RecordHeader{{Key: "trace", Value: []byte(strconv.Itoa(n))}},
		})
	}
	if err := w.send(ctx, client, sent...); err != nil {
		return "", err
	}
	wrong := func() (count int) {
		for _, record := range sent {
			if h.handled[string(record.Key)] != expected[string(record.Value)] {
				count++
			}
		}
		return count
	}
	consume := func() bool {
		h.broken = errors.Join(h.broken, withRetries(ctx, client, poll(ctx, client), retries, h.handle))
		return h.broken != nil || wrong() == 0
	}
	// settled: each is handled as often as it should be, and a second later no more.
	settled := func() error {
		err := w.until(consume, func() string { return fmt.Sprintf("%d records were not handled as often as they should", wrong()) })
		for until := time.Now().Add(time.Second); time.Now().Before(until); {
			consume()
		}
		if err = errors.Join(err, h.broken); err == nil && wrong() > 0 {
			err = fmt.Errorf("%d records were handled more often than they should", wrong())
		}
		return err
	}
	if err := settled(); err != nil {
		return "", err
	}
	dead, err := w.lettersOf(ctx, w.topic+".DLT")
	if err != nil {
		return "", err
	}
	for _, letter := range dead {
		if err := checkLetter(letter, w.topic, group); err != nil {
			return "", err
		}
	}
	h.fixed = true
	if err := ask(map[string]string{"wants": "redrive", "topic": w.topic, "group": group}); err != nil {
		return "", err
	}
	expected["hopeless"]++
	if err := settled(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d dead letters, after 200, 400 and 800 ms; redriven, each is there once more", len(dead)), nil
}

// lettersOf reads the ten dead letters of this run.
func (w *world) lettersOf(ctx context.Context, topic string) ([]*kgo.Record, error) {
	ours := func(records []*kgo.Record) (ours []*kgo.Record) {
		for _, record := range records {
			if strings.HasPrefix(string(record.Key), w.run) {
				ours = append(ours, record)
			}
		}
		return ours
	}
	letters, err := w.readAll(ctx, topic, func(records []*kgo.Record) bool { return len(ours(records)) >= 10 })
	if dead := ours(letters); err == nil && len(dead) != 10 {
		return nil, fmt.Errorf("%d dead letters", len(dead))
	}
	return ours(letters), err
}

func checkLetter(letter *kgo.Record, topic, group string) error {
	told := map[string]string{}
	for _, header := range letter.Headers {
		told[strings.TrimPrefix(header.Key, "corvid-dlt-")] = string(header.Value)
	}
	_, n, _ := strings.Cut(string(letter.Key), "-")
	known := map[string]string{
		"attempts": "4", "reason": "attempt 4 of hopeless", "topic": topic, "group": group, "stage": "consumer", "trace": n,
	}
	for name, value := range known {
		if told[name] != value {
			return fmt.Errorf("%s: %s is %q, not %q", letter.Key, name, told[name], value)
		}
	}
	first, _ := strconv.ParseInt(told["first-at"], 10, 64)
	last, _ := strconv.ParseInt(told["last-at"], 10, 64)
	if last-first < 1400 {
		return fmt.Errorf("%s failed for the last time after %d ms", letter.Key, last-first)
	}
	return nil
}
