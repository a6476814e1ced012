package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A step loop whose steps the test takes itself, one by one. */
final class LoopDrive {
  private static final int CONTEXT = 512;

  /** More than any test takes. */
  private static final int MOST_STEPS = 100_000;

  final HostBackend backend;
  final Inbox inbox = new Inbox(1000);
  final StepLoop loop;
  private long arrivals;

  /** A request and who hears of it. */
  record Request(Sequence sequence, Recorder recorder) {}

  LoopDrive(boolean ahead, int blocks, int sequences, int batchTokens) {
    backend = new HostBackend(ahead);
    loop =
        new StepLoop(
            new ResidentModel(
                _ -> new ContextHashModel(CONTEXT), backend, new ContextHashModel(CONTEXT), blocks),
            new KvBudget(blocks, CONTEXT),
            new EngineSettings(
                "test", OptionalInt.empty(), sequences, batchTokens, OptionalLong.empty(), 1000),
            inbox,
            List.of(),
            _ -> false);
  }

  /** A request that is not submitted yet. */
  Request request(GenerationRequest request) {
    Recorder recorder = new Recorder();
    long seed = request.sampling().seed().orElse(0);
    return new Request(new Sequence(request, recorder, arrivals++, seed, 0), recorder);
  }

  Request request(int[] prompt, SamplingParameters sampling) {
    return request(Requests.of(prompt, sampling));
  }

  Recorder submit(int[] prompt, SamplingParameters sampling) {
    Request request = request(prompt, sampling);
    inbox.submit(request.sequence());
    return request.recorder();
  }

  Recorder answer(int[] prompt, SamplingParameters sampling) {
    Recorder recorder = submit(prompt, sampling);
    runAll();
    return recorder;
  }

  void cancel(Sequence sequence) {
    inbox.order(new Inbox.FinishOrder(sequence, FinishReason.CANCELLED));
  }

  /** Takes steps while there is something to do, and checks that nothing is held after. */
  void runAll() {
    int steps = 0;
    while (loop.step(0)) {
      assertTrue(steps++ < MOST_STEPS, "the loop does not come to an end");
    }
    EngineSnapshot end = loop.snapshot();
    assertEquals(0, end.running() + end.waiting());
    assertEquals(0, end.kvBlocksUsed());
    assertEquals(0, backend.openDraws.get());
  }
}
