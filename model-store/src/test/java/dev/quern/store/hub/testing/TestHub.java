package dev.quern.store.hub.testing;

import dev.quern.store.hub.testing.HubRepository.RepositoryFile;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A hub on a free port of loopback. Each connection has a virtual thread; methods may be called
 * from any thread, also while it serves.
 */
public final class TestHub implements AutoCloseable {
  private static final Pattern REVISION = Pattern.compile("/api/models/(.+)/revision/(.+)");
  private static final Pattern TREE = Pattern.compile("/api/models/(.+)/tree/([^/]+)");
  private static final Pattern RESOLVE = Pattern.compile("/([^/]+/[^/]+)/resolve/([^/]+)/(.+)");
  private static final Pattern CONTENT = Pattern.compile("/cdn/([0-9a-f]+)");
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");
  private static final Pattern CURSOR = Pattern.compile("cursor=(\\d+)");

  private final ServerSocket server;
  private final String host;
  private final Map<String, HubRepository> repositories = new ConcurrentHashMap<>();
  private final List<HubRequest> requests = new CopyOnWriteArrayList<>();
  private final List<Fault> faults = new CopyOnWriteArrayList<>();
  private final List<Socket> connections = new CopyOnWriteArrayList<>();
  private final AtomicLong contentBytes = new AtomicLong();
  private final AtomicLong largeBytes = new AtomicLong();
  private final Throttle throttle = new Throttle();
  private volatile @Nullable Pace pace;
  private volatile @Nullable TestHub contents;
  private volatile int pageSize = Integer.MAX_VALUE;

  private record Fault(
      Predicate<HubRequest> when, AtomicInteger times, Consumer<HubReply> change) {}

  private TestHub(ServerSocket server, String host) {
    this.server = server;
    this.host = host;
  }

  public static TestHub start() {
    return start("127.0.0.1");
  }

  /**
   * Starts a hub.
   *
   * @param host a name or address of loopback, as it stands in {@link #uri}
   */
  public static TestHub start(String host) {
    try {
      TestHub hub = new TestHub(new ServerSocket(0, 256, InetAddress.getLoopbackAddress()), host);
      Thread.ofVirtual().name("test-hub").start(hub::accept);
      return hub;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public URI uri() {
    return URI.create("http://" + host + ":" + server.getLocalPort());
  }

  /** Makes a model with one commit on {@code main}. */
  public HubRepository repository(String id, String commit) {
    HubRepository repository = new HubRepository(id, commit);
    repositories.put(id, repository);
    return repository;
  }

  /** Sends whoever asks for a large file to another host, as hubs do. */
  public void contentsFrom(TestHub other) {
    contents = other;
    other.repositories.putAll(repositories);
  }

  /** Lists files in pages of so many. */
  public void pageSize(int files) {
    pageSize = files;
  }

  /** Lets all connections together send no more file contents than this. */
  public void throttle(long bytesPerSecond) {
    throttle.bytesPerSecond(bytesPerSecond);
  }

  /**
   * Sends large files no further than {@code window} bytes beyond what the client has: a network
   * that holds few bytes under way, however slow either side is at the moment.
   *
   * @param received bytes of them that the client has, asked for again and again
   */
  public void pace(int window, LongSupplier received) {
    pace = new Pace(window, received, largeBytes::get);
  }

  /** Changes the next {@code times} answers to requests like that. */
  public void fault(int times, Predicate<HubRequest> when, Consumer<HubReply> change) {
    faults.add(new Fault(when, new AtomicInteger(times), change));
  }

  /** Whether every fault that was ordered has come to pass. */
  public boolean faultsAreSpent() {
    return faults.stream().allMatch(fault -> fault.times().get() <= 0);
  }

  public List<HubRequest> requests() {
    return List.copyOf(requests);
  }

  /** Requests for contents of this file. */
  public long downloads(String file) {
    return requests.stream().filter(r -> r.isDownload() && r.isFor(file)).count();
  }

  /** Bytes of large files that this hub itself sent. */
  public long largeBytes() {
    return largeBytes.get();
  }

  /** Bytes of file contents that were sent, by {@link #contentsFrom} too. */
  public long contentBytes() {
    TestHub other = contents;
    return contentBytes.get() + (other == null ? 0 : other.contentBytes());
  }

  @Override
  public void close() {
    try {
      server.close();
      for (Socket connection : connections) {
        connection.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        connections.add(socket);
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        // Closed, or a client that was gone before it was served.
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      BufferedInputStream in = new BufferedInputStream(socket.getInputStream());
      boolean open = true;
      while (open) {
        Optional<HubRequest> request = HubRequest.read(in);
        if (request.isEmpty()) {
          return;
        }
        requests.add(request.get());
        open = send(request.get(), reply(request.get()), socket);
      }
    } catch (IOException e) {
      // The client went away, or the hub is being closed.
    } finally {
      connections.remove(socket);
    }
  }

  private HubReply reply(HubRequest request) {
    HubReply reply = route(request);
    for (Fault fault : faults) {
      if (fault.when().test(request) && fault.times().getAndDecrement() > 0) {
        fault.change().accept(reply);
      }
    }
    return reply;
  }

  private HubReply route(HubRequest request) {
    Matcher content = CONTENT.matcher(request.path());
    if (content.matches()) {
      return repositories.values().stream()
          .flatMap(repository -> repository.findByDigest(content.group(1)).stream())
          .findFirst()
          .map(file -> content(file, request).header("ETag", "\"cdn-" + content.group(1) + "\""))
          .orElseGet(() -> HubReply.error(404, ""));
    }
    for (Pattern pattern : List.of(REVISION, TREE, RESOLVE)) {
      Matcher matcher = pattern.matcher(request.path());
      if (matcher.matches()) {
        HubRepository repository = repositories.get(matcher.group(1));
        if (repository == null) {
          return HubReply.error(404, "RepoNotFound");
        }
        if (!repository.allows(request) && pattern.equals(RESOLVE)) {
          return HubReply.error(
              request.header("Authorization").isPresent() ? 403 : 401, "GatedRepo");
        }
        return repository
            .commitOf(matcher.group(2))
            .map(commit -> ofRepository(pattern, matcher, repository, commit, request))
            .orElseGet(() -> HubReply.error(404, "RevisionNotFound"));
      }
    }
    return HubReply.error(404, "");
  }

  private HubReply ofRepository(
      Pattern pattern,
      Matcher matcher,
      HubRepository repository,
      String commit,
      HubRequest request) {
    if (pattern.equals(REVISION)) {
      return HubReply.json(repository.infoJson(commit));
    }
    if (pattern.equals(TREE)) {
      return tree(repository, request);
    }
    return repository
        .find(matcher.group(3))
        .map(file -> resolved(file, commit, request))
        .orElseGet(() -> HubReply.error(404, "EntryNotFound").header("X-Repo-Commit", commit));
  }

  private HubReply tree(HubRepository repository, HubRequest request) {
    Matcher cursor = CURSOR.matcher(request.query());
    int from = cursor.find() ? Integer.parseInt(cursor.group(1)) : 0;
    HubReply reply = HubReply.json(repository.treeJson(from, pageSize));
    if (repository.fileCount() - from > pageSize) {
      String next = uri() + request.rawPath() + "?recursive=true&cursor=" + (from + pageSize);
      reply.header("Link", "<" + next + ">; rel=\"next\"");
    }
    return reply;
  }

  private HubReply resolved(RepositoryFile file, String commit, HubRequest request) {
    TestHub other = contents;
    HubReply reply;
    if (file.large() && other != null) {
      reply = new HubReply(302, new byte[0]);
      reply.header("Location", other.uri() + "/cdn/" + file.digest() + "?signature=secret");
      reply.header("ETag", "\"of-the-redirect\"");
    } else {
      reply = content(file, request).header("ETag", "\"" + file.digest() + "\"");
    }
    reply.header("X-Repo-Commit", commit);
    if (file.large()) {
      reply.header("X-Linked-Etag", "\"" + file.digest() + "\"");
      reply.header("X-Linked-Size", String.valueOf(file.content().length));
    }
    return reply;
  }

  private static HubReply content(RepositoryFile file, HubRequest request) {
    HubReply reply = new HubReply(200, file.content());
    reply.large = file.large();
    Matcher range = RANGE.matcher(request.header("Range").orElse(""));
    if (range.matches()) {
      int size = file.content().length;
      int start = Integer.parseInt(range.group(1));
      int last = range.group(2).isEmpty() ? size - 1 : Integer.parseInt(range.group(2));
      if (start >= size) {
        return HubReply.error(416, "");
      }
      reply.status = 206;
      reply.start = start;
      reply.end = Math.min(size, last + 1);
      reply.header("Content-Range", "bytes " + start + "-" + (reply.end - 1) + "/" + size);
    }
    return reply.header("Accept-Ranges", "bytes");
  }

  /** Sends the answer, or as much of it as is wanted; false if the connection is done with. */
  private boolean send(HubRequest request, HubReply reply, Socket socket) throws IOException {
    if (reply.beforeHead) {
      return silence(reply, socket);
    }
    OutputStream out = socket.getOutputStream();
    int length = reply.end - reply.start;
    StringBuilder head = new StringBuilder("HTTP/1.1 " + reply.status + " X\r\n");
    reply.headers.putIfAbsent("Content-Length", String.valueOf(length));
    reply.headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    if (request.method().equals("HEAD")) {
      return true;
    }
    boolean counts = request.isDownload() && reply.status < 300;
    int sent = 0;
    while (sent < length) {
      int limit = Math.min(length, Math.min(reply.closeAfter, reply.stallAfter));
      if (sent >= limit) {
        return silence(reply, socket);
      }
      int count = counts ? throttle.take(limit - sent) : limit - sent;
      Pace paced = pace;
      if (reply.large && paced != null) {
        count = paced.take(count);
      }
      if (counts) {
        contentBytes.addAndGet(count);
        largeBytes.addAndGet(reply.large ? count : 0);
      }
      out.write(reply.body, reply.start + sent, count);
      sent += count;
    }
    return reply.closeAfter > length;
  }

  /** Waits for the client to go away, unless the fault is to do so first. */
  private static boolean silence(HubReply reply, Socket socket) throws IOException {
    if (reply.stallAfter < reply.closeAfter) {
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    }
    return false;
  }
}
