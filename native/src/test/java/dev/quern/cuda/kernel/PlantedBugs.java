package dev.quern.cuda.kernel;

import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Plants bugs that GPU code typically has, one at a time, and shows which mode of the emulator
 * finds each first. Only kernels of bf16 are built and run, which is a third of the time. Run by
 * {@code native/src/test/native/planted-bugs.sh}; exits with 1 when one is not found.
 */
final class PlantedBugs {
  private PlantedBugs() {}

  /**
   * One bug.
   *
   * @param text what it replaces, which must occur in the file
   */
  private record Bug(String name, String file, String text, String replacement) {}

  private static final List<Bug> BUGS =
      List.of(
          new Bug(
              "no barrier between writing and reading a block's partial sums",
              "device.h",
              "if (lane == 0) scratch[warp] = v;\n  __syncthreads();",
              "if (lane == 0) scratch[warp] = v;"),
          new Bug(
              "no barrier before a tile is overwritten",
              "products.h",
              "    __syncthreads();  // before the next load overwrites this stage\n",
              ""),
          new Bug(
              "the last tile is not waited for",
              "products.h",
              "      waitCopies<0>();",
              "      waitCopies<1>();"),
          new Bug(
              "a norm reads one vector past its row",
              "norm.cu",
              "i < hidden; i += stride) {\n    float v[8];",
              "i <= hidden; i += stride) {\n    float v[8];"),
          new Bug(
              "a vector load that is not aligned",
              "elements.cu",
              "load8(row + i, gate);",
              "load8(row + i + (i == 16 ? 1 : 0), gate);"),
          new Bug(
              "a barrier that not all threads reach",
              "norm.cu",
              "  float mean = 0.f;",
              "  if (threadIdx.x < 40) __syncthreads();\n"
                  + "  blockSum(total, scratch); float mean = 0.f;"),
          new Bug(
              "reading blocks past the end of a context",
              "attention_decode.cu",
              "valid[s] ? token : from",
              "token"),
          new Bug(
              "a shuffle that names lanes that went elsewhere",
              "products.h",
              "sum[m][r] = warpSum(sum[m][r]);",
              "if (lane < 16) sum[m][r] = warpSum(sum[m][r]);"),
          new Bug(
              "warps overlap in shared memory",
              "attention_decode.cu",
              "float* slot = merged + (warp * GROUP + g) * (WIDTH + 2);",
              "float* slot = merged + (warp * GROUP + g) * WIDTH;"),
          new Bug(
              "a sliding window one token too wide",
              "attention_prefill.cu",
              "key > myPosition[half] - shape.window",
              "key >= myPosition[half] - shape.window"),
          new Bug(
              "padding tokens written to the cache",
              "rope.cu",
              "if (slot < 0 && !isQuery) return;",
              ""),
          new Bug(
              "ties of the largest logit go to either place",
              "sampling.cu",
              "return a.index < b.index ? a : b;",
              "return b;"),
          new Bug(
              "splits are merged before the last one is there",
              "attention_decode.cu",
              "atomicAdd(ticket, 1) == blocks - 1",
              "atomicAdd(ticket, 1) == blocks - 2"),
          new Bug(
              "tickets are not given back",
              "attention_decode.cu",
              "    if (last) *ticket = 0;  // for the next launch\n",
              ""),
          new Bug(
              "an expert's tokens counted once too often",
              "moe.cu",
              "if (w < warp) before += sums[1][w];",
              "if (w <= warp) before += sums[1][w];"),
          new Bug(
              "results of experts left in sorted order",
              "moe.cu",
              "return gather ? place : sorted[place];",
              "return place;"),
          new Bug(
              "an expert reads rows past its last one",
              "moe.cu",
              "sorted[min(first + r, rows.end - 1)]",
              "sorted[first + r]"),
          new Bug(
              "no barrier between logits and what is done to them",
              "sampling.cu",
              "  best = blockBest(best, values, indices);  // its barriers also let entries follow"
                  + " what is written here\n",
              ""),
          new Bug(
              "of equal logits one too many may be drawn",
              "sampling.cu",
              "ties = draw.topK - row.countFrom(lowest + 1);",
              "ties = draw.topK - row.countFrom(lowest + 1) + 1.f;"),
          new Bug(
              "the halves of a byte of weights swapped",
              "quantized.cu",
              "words.v[i >> 3] >> (i & 7) * 4",
              "words.v[i >> 3] >> (i & 7 ^ 1) * 4"),
          new Bug(
              "the last elements of a width that is no multiple of eight forgotten",
              "elements.cu",
              "for (int i = threadIdx.x; i < width; i += blockDim.x)",
              "for (int i = threadIdx.x; i < width / 8 * 8; i += blockDim.x)"));

  /** Arguments: the number of one bug, or nothing for all. */
  public static void main(String[] arguments) throws IOException {
    List<String> missed = new ArrayList<>();
    int first = arguments.length == 0 ? 0 : Integer.parseInt(arguments[0]) - 1;
    int end = arguments.length == 0 ? BUGS.size() : first + 1;
    for (int i = first; i < end; i++) {
      Bug bug = BUGS.get(i);
      System.out.println((i + 1) + ". " + bug.name() + " (" + bug.file() + ")");
      long begin = System.nanoTime();
      if (!isFound(plant(bug, i))) {
        missed.add(bug.name());
      }
      System.out.println("   " + (System.nanoTime() - begin) / 1_000_000_000 + " s");
    }
    System.out.println(
        (end - first - missed.size()) + " of " + (end - first) + " bugs found; missed: " + missed);
    System.exit(missed.isEmpty() ? 0 : 1);
  }

  private static Path plant(Bug bug, int number) throws IOException {
    return Bf16Kernels.write(
        Path.of("target/planted/" + number),
        (file, text) -> {
          if (!file.equals(bug.file())) {
            return text;
          }
          if (!text.contains(bug.text())) {
            throw new IllegalStateException(bug.file() + " no longer has: " + bug.text());
          }
          return text.replace(bug.text(), bug.replacement());
        });
  }

  /** Plain modes until one finds the bug; the sanitizers are asked about what none of them does. */
  private static boolean isFound(Path kernels) throws IOException {
    EmulatorBuild build = new EmulatorBuild(Path.of(""), kernels);
    SuiteProcess plain = new SuiteProcess(build.library(false), false);
    for (EmulatorMode mode : EmulatorMode.values()) {
      if (show(mode.name(), plain.run(mode, ElementType.BF16))) {
        return true;
      }
    }
    SuiteProcess sanitized = new SuiteProcess(build.library(true), true);
    return show("SANITIZED", sanitized.run(EmulatorMode.DEFAULT, ElementType.BF16));
  }

  private static boolean show(String mode, String finding) {
    String text = finding.isEmpty() ? "-" : finding;
    System.out.printf("   %-10s %.150s%n", mode, text);
    return !finding.isEmpty();
  }
}
