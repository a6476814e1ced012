package dev.quern.bench.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * Closed-loop load on {@code /v1/embeddings}: each client sends one text, waits for its vector and
 * sends the next. Bare sockets, and answers are not parsed, so that the load leaves the processors
 * to the server.
 */
@CommandLine.Command(
    name = "embed",
    mixinStandardHelpOptions = true,
    description = "Loads an OpenAI-compatible embeddings endpoint.")
public final class EmbeddingLoad implements Callable<Integer> {
  @CommandLine.Option(names = "--url", description = "of the server; none: only write the texts")
  private @Nullable URI url;

  @CommandLine.Option(names = "--model", defaultValue = "", description = "as requests name it")
  private String model = "";

  @CommandLine.Option(
      names = "--vocabulary",
      required = true,
      description = "checkpoint folder whose tokenizer.json has the words that texts are made of")
  private Path vocabulary = Path.of("");

  @CommandLine.Option(names = "-c", defaultValue = "1", description = "clients")
  private int clients;

  @CommandLine.Option(names = "-n", defaultValue = "256", description = "texts in all")
  private int count;

  @CommandLine.Option(
      names = "--tokens",
      defaultValue = "16",
      description = "of each text, two special ones among them")
  private int tokens;

  @CommandLine.Option(names = "--encoding-format", defaultValue = "base64")
  private String format = "";

  @CommandLine.Option(names = "--seed", defaultValue = "1")
  private long seed;

  @CommandLine.Option(names = "--texts-out", description = "file to write the texts to, one a line")
  private @Nullable Path textsOut;

  @CommandLine.Option(
      names = "--before",
      description = "texts sent before the clock runs; twice the clients and 64 at least, unsaid")
  private @Nullable Integer before;

  @CommandLine.Option(names = "--ids", description = "token ids instead of texts")
  private boolean ids;

  private final ObjectMapper json = new ObjectMapper();

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new EmbeddingLoad()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    JsonNode vocab =
        json.readTree(vocabulary.resolve("tokenizer.json").toFile()).path("model").path("vocab");
    List<String> texts = texts(vocab);
    if (textsOut != null) {
      Files.write(textsOut, texts);
    }
    if (url == null) {
      return 0;
    }
    List<byte[]> requests = new ArrayList<>();
    for (String text : texts) {
      requests.add(request(url, ids ? ids(vocab, text) : TextNode.valueOf(text)));
    }
    // Unmeasured: every client has its connection, and the server's code has been compiled.
    int first = before == null ? Math.max(64, 2 * clients) : before;
    first = Math.min(requests.size(), first);
    send(url, requests.subList(0, first));
    long begin = System.nanoTime();
    long[] nanos = send(url, requests);
    double seconds = (System.nanoTime() - begin) / 1e9;
    Arrays.sort(nanos);
    ObjectNode report = json.createObjectNode();
    report.put("clients", clients).put("tokens", tokens).put("texts", count);
    report.put("texts_before", first).put("inputs", ids ? "ids" : "text");
    report.put("texts_per_s", count / seconds);
    report.put("tokens_per_s", (double) count * tokens / seconds);
    report.put("ms_p50", nanos[count / 2] / 1e6);
    report.put("ms_p95", nanos[Math.min(count - 1, count * 95 / 100)] / 1e6);
    System.out.println(report);
    return 0;
  }

  /** Texts of words that are one token each. */
  private List<String> texts(JsonNode vocab) throws IOException {
    List<String> words =
        vocab.properties().stream()
            .map(entry -> entry.getKey())
            .filter(word -> word.matches("[a-z]{3,10}"))
            .sorted()
            .toList();
    if (words.isEmpty()) {
      throw new IOException(vocabulary + " has no WordPiece vocabulary of plain words");
    }
    Random random = new Random(seed);
    List<String> texts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      StringBuilder text = new StringBuilder();
      for (int word = 0; word < tokens - 2; word++) {
        text.append(word == 0 ? "" : " ").append(words.get(random.nextInt(words.size())));
      }
      texts.add(text.toString());
    }
    return texts;
  }

  /** What BERT's tokenizer makes of a text of such words. */
  private ArrayNode ids(JsonNode vocab, String text) {
    ArrayNode ids = json.createArrayNode().add(vocab.path("[CLS]"));
    for (String word : text.split(" ", -1)) {
      ids.add(vocab.path(word));
    }
    return ids.add(vocab.path("[SEP]"));
  }

  private byte[] request(URI server, JsonNode input) {
    ObjectNode body = json.createObjectNode();
    body.put("model", model).put("encoding_format", format).set("input", input);
    byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
    byte[] head =
        ("POST /v1/embeddings HTTP/1.1\r\nHost: "
                + server.getAuthority()
                + "\r\nContent-Type: application/json\r\nContent-Length: "
                + bytes.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] whole = Arrays.copyOf(head, head.length + bytes.length);
    System.arraycopy(bytes, 0, whole, head.length, bytes.length);
    return whole;
  }

  /** Sends all; returns each one's time from sending to the answer's last byte. */
  private long[] send(URI server, List<byte[]> requests) throws Exception {
    long[] nanos = new long[requests.size()];
    AtomicInteger next = new AtomicInteger();
    List<Future<Integer>> runs = new ArrayList<>();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int client = 0; client < clients; client++) {
        runs.add(pool.submit(() -> client(server, requests, next, nanos)));
      }
      for (Future<Integer> run : runs) {
        run.get();
      }
    }
    return nanos;
  }

  private static int client(URI server, List<byte[]> requests, AtomicInteger next, long[] nanos)
      throws IOException {
    int done = 0;
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 1 << 14);
      for (int i = next.getAndIncrement(); i < requests.size(); i = next.getAndIncrement()) {
        long begin = System.nanoTime();
        socket.getOutputStream().write(requests.get(i));
        readAnswer(in);
        nanos[i] = System.nanoTime() - begin;
        done++;
      }
    }
    return done;
  }

  private static void readAnswer(InputStream in) throws IOException {
    String status = line(in);
    int length = -1;
    for (String header = line(in); !header.isEmpty(); header = line(in)) {
      if (header.regionMatches(true, 0, "content-length:", 0, 15)) {
        length = Integer.parseInt(header.substring(15).strip());
      }
    }
    if (length < 0) {
      throw new IOException("no Content-Length after " + status);
    }
    byte[] body = in.readNBytes(length);
    if (!status.contains(" 200 ")) {
      throw new IOException(status + ": " + new String(body, StandardCharsets.UTF_8));
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("the server closed the connection");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
