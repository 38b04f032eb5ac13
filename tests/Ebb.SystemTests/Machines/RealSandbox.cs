using System.Text.Json.Nodes;
using Ebb.Cli.Clusters;
using Ebb.Cli.ControlPlane;
using Ebb.Cli.Sandboxes;
using Ebb.Sandbox.Machines.Nspawn;
using Ebb.SystemTests.Commands;

namespace Ebb.SystemTests.Machines;

/// <summary>Tests on real machines share one sandbox and come one after the other: they are heavy.</summary>
[CollectionDefinition(RealSandbox.Collection)]
public sealed class RealSandboxCollection : ICollectionFixture<RealSandbox>;

/// <summary>A sandbox with a real Kubernetes and real machines, as a user starts it.</summary>
public sealed class RealSandbox : IAsyncLifetime
{
    public const string Collection = "real machines";

    public const string Up = "up -d --kubernetes real --machines nspawn --max 5 --idle-after 10s --speed 3";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    private Shell? _shell;

    /// <summary>A Job <c>hold</c> of one pod, labelled <c>app=hold</c>, that keeps its machine: a Job's pod is not interrupted.</summary>
    /// <param name="script">What the pod's shell does; without a double quote.</param>
    public static string HoldJob(string script) => $$$"""
        apiVersion: batch/v1
        kind: Job
        metadata: {name: hold}
        spec:
          backoffLimit: 20
          template:
            metadata: {labels: {app: hold}}
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 1
              containers:
                - name: work
                  image: busybox:stable
                  command: [sh, -c, "{{{script}}}"]
                  resources: {requests: {cpu: 250m, memory: 64Mi}}
        """;

    public string Home => Path.Combine(Shell.State, "sandbox");

    /// <summary>The network namespace of its own.</summary>
    public string Room => $"ebb-{NspawnSandboxMachines.HostName("sandbox", Home)}";

    public Shell Shell => _shell ?? throw new InvalidOperationException("The sandbox was not started.");

    /// <summary>Null where it runs; else why the tests are skipped.</summary>
    private static string? Missing =>
        string.Join(' ', NspawnSupport.Obstacles()) is { Length: > 0 } obstacles ? obstacles
        : Binaries.Locate() is null ? "Kubernetes' programs are not here; eng/kubernetes.sh builds them."
        : Shell.KubectlPath is null ? "kubectl is not installed"
        : null;

    public static void Require() => Assert.SkipWhen(Missing is not null, Missing ?? "");

    public async ValueTask InitializeAsync()
    {
        if (Missing is null)
        {
            await MachineRoot.MakeAgentAsync();
            _shell = new Shell();
            (await _shell.EbbAsync(Up)).Good();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_shell is not null)
        {
            await _shell.DisposeAsync();
        }
    }

    /// <summary>What kubectl printed; fails the test when it fails.</summary>
    public async Task<string> KubectlAsync(params string[] arguments) => (await TryAsync(arguments)).Good().Out;

    public Task<Ran> TryAsync(params string[] arguments)
    {
        Shell.Environment["KUBECONFIG"] = Path.Combine(Home, "kubeconfig");
        return Shell.RunAsync(Shell.KubectlPath!, arguments, CancellationToken.None);
    }

    public async Task ApplyAsync(string manifest)
    {
        var file = Path.Combine(Shell.State, $"{Guid.NewGuid()}.yaml");
        await File.WriteAllTextAsync(file, manifest);
        await KubectlAsync("apply", "-f", file);
    }

    /// <summary>The objects of a kind in the default namespace, or of the cluster.</summary>
    public async Task<List<JsonNode>> ListAsync(string kind, string? selector = null)
    {
        string[] select = selector is null ? [] : ["-l", selector];
        var list = JsonNode.Parse(await KubectlAsync(["get", kind, "-o", "json", .. select]))!;
        return [.. list["items"]!.AsArray().Select(item => item!)];
    }

    public Task<string> TextAsync(string kind, string name, string path) =>
        KubectlAsync("get", kind, name, "-o", $"jsonpath={{{path}}}");

    /// <summary>As root on a machine.</summary>
    public Task<string> OnMachineAsync(string node, params string[] command) => OnMachineAsync(Shell, node, command);

    public static async Task<string> OnMachineAsync(Shell shell, string node, params string[] command)
    {
        var init = InitOf(node) ?? throw new InvalidOperationException($"{node} is not on.");
        return (await shell.RunAsync("nsenter", ["--target", $"{init}", "--all", .. command], CancellationToken.None)).Good().Out;
    }

    /// <summary>Asks the cloud's resource manager, as the sandbox's own service principal.</summary>
    /// <param name="path">Below the provider of computing in the sandbox's group.</param>
    public Task ArmAsync(HttpMethod method, string path) => ArmAsync(Home, "sandbox", method, path);

    /// <param name="home">The directory of a sandbox, or of a cluster's subscription.</param>
    public static async Task ArmAsync(string home, string group, HttpMethod method, string path)
    {
        var azure = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(home, "sandbox.json")))!["azure"]!;
        var endpoint = ((string)azure["endpoint"]!).TrimEnd('/');
        using var http = new HttpClient(AzureHttp.Handler((string)azure["authorityFile"]!));
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = (string)azure["client"]!["id"]!,
            ["client_secret"] = (string)azure["client"]!["secret"]!,
            ["scope"] = $"{endpoint}//.default",
        });
        using var token = await http.PostAsync(new Uri($"{endpoint}/{azure["client"]!["tenant"]}/oauth2/v2.0/token"), form);
        using var request = new HttpRequestMessage(method, new Uri(
            $"{endpoint}/subscriptions/{azure["subscription"]}/resourceGroups/{group}/providers/Microsoft.Compute{path}?api-version=2024-07-01"));
        request.Headers.Authorization = new("Bearer", (string)JsonNode.Parse(await token.Content.ReadAsStringAsync())!["access_token"]!);
        using var answer = await http.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>A file that another process writes to.</summary>
    public static string ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public IEnumerable<string> MachinesOnDisk() =>
        Directory.Exists(Path.Combine(Home, "machines")) ? Directory.EnumerateDirectories(Path.Combine(Home, "machines")) : [];

    /// <summary>Until nothing is left of other tests.</summary>
    public Task UntilEmptyAsync() => UntilAsync("the pool is empty", () => Task.FromResult(!MachinesOnDisk().Any()));

    /// <summary>The control groups of this sandbox's machines.</summary>
    public IEnumerable<string> Groups() =>
        Directory.EnumerateDirectories("/sys/fs/cgroup", $"{Room}", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .SelectMany(Directory.EnumerateDirectories);

    public static Task UntilAsync(string what, Func<Task<bool>> isSo) => Shell.UntilAsync(what, Patience, isSo);

    // The first process of the machine's own process namespace: the last of its numbers is 1.
    private static int? InitOf(string node) =>
        Directory.EnumerateDirectories("/sys/fs/cgroup", node, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 })
            .SelectMany(group => Directory.EnumerateFiles(group, "cgroup.procs", SearchOption.AllDirectories))
            .SelectMany(File.ReadAllLines)
            .Where(process => File.Exists($"/proc/{process}/status")
                && File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).EndsWith("\t1", StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{process}/comm").StartsWith("systemd", StringComparison.Ordinal))
            .Select(process => (int?)int.Parse(process))
            .FirstOrDefault();
}
