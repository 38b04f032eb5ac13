using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>The Node object of one hollow kubelet: registers it, and keeps its status as the kubelet has it.</summary>
internal sealed partial class RemoteNode : PendingWrite
{
    private const string Collection = "/api/v1/nodes";

    private readonly ApiHttp _api;
    private readonly Agenda _agenda;
    private readonly JsonObject _node;
    private readonly ILogger _logger;
    private readonly string _path;
    private bool _registered;
    private int _said;
    private int _written;

    public RemoteNode(ApiHttp api, Agenda agenda, HollowKubelet kubelet, ILogger logger)
    {
        (_api, _agenda, Kubelet, _logger) = (api, agenda, kubelet, logger);
        _node = NodeObject.New(kubelet.Node, kubelet.Options, agenda.Now);
        _node["apiVersion"] = "v1";
        _node["kind"] = "Node";
        _path = $"{Collection}/{kubelet.Node.Name}";
    }

    public HollowKubelet Kubelet { get; }

    public string Uid { get; private set; } = "";

    /// <summary>Ready from now on, as far as the kubelet is concerned. Under the gate.</summary>
    public void SayReady() => Say(json => NodeObject.SetReady(json, true, _agenda.Now));

    /// <summary>Says the same again, with a fresh time. Under the gate.</summary>
    public void Repeat() => SayReady();

    /// <summary>All that the kubelet has said was written. Under the gate.</summary>
    public bool IsWritten => _said == _written && !Queued && !Busy;

    /// <summary>Not as the kubelet said: once all is written, someone else wrote over it. Under the gate.</summary>
    public bool DiffersFrom(KubeObject seen) => _said > 0 && NodeView.Of(seen).Ready != "True";

    public override async Task<bool> WriteAsync(CancellationToken ct)
    {
        if (!_agenda.Held(() => Kubelet.Alive))
        {
            return true;
        }

        if (!_registered)
        {
            if (await RegisterAsync(ct) is not { } node)
            {
                return false;
            }

            lock (_agenda.Gate)
            {
                _registered = true;
                Uid = node["metadata"].Text("uid") ?? "";
                Kubelet.Registered(NodeView.Of(node));
            }
        }

        while (Due() is var (saying, status))
        {
            var answer = await _api.SendAsync(HttpMethod.Patch, _path + "/status", status, ct, ApiHttp.StrategicPatch);
            if (answer.Refused)
            {
                LogRefused(Kubelet.Node.Name, answer.Trouble);
            }
            else if (!answer.Ok && !answer.NotFound)
            {
                // When it was deleted the machine is on its way out; a kubelet does not register twice.
                return false;
            }

            lock (_agenda.Gate)
            {
                _written = saying;
            }
        }

        return true;
    }

    private void Say(Action<JsonObject> change)
    {
        change(_node);
        _said++;
    }

    private (int Saying, JsonObject Status)? Due()
    {
        lock (_agenda.Gate)
        {
            return _written == _said || !Kubelet.Alive ? null : (_said, new JsonObject { ["status"] = _node["status"]!.DeepClone() });
        }
    }

    /// <summary>The object as it stands then; null when it has to be tried again.</summary>
    private async Task<JsonObject?> RegisterAsync(CancellationToken ct)
    {
        var created = await _api.SendAsync(HttpMethod.Post, Collection, Copy(), ct);
        if (created.Ok)
        {
            return created.Json;
        }

        if (!created.Conflict)
        {
            return Trouble(created);
        }

        // An earlier life of the machine left it.
        var mine = Copy();
        var labels = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = mine["metadata"]!["labels"]!.DeepClone() } };
        var labelled = await _api.SendAsync(HttpMethod.Patch, _path, labels, ct, ApiHttp.StrategicPatch);
        if (!labelled.Ok)
        {
            return Trouble(labelled);
        }

        var status = new JsonObject { ["status"] = mine["status"]!.DeepClone() };
        var taken = await _api.SendAsync(HttpMethod.Patch, _path + "/status", status, ct, ApiHttp.StrategicPatch);
        return taken.Ok ? taken.Json : Trouble(taken);
    }

    private JsonObject Copy()
    {
        lock (_agenda.Gate)
        {
            return _node.DeepClone().AsObject();
        }
    }

    private JsonObject? Trouble(ApiAnswer answer)
    {
        LogRefused(Kubelet.Node.Name, answer.Trouble);
        return null;
    }

    [LoggerMessage(LogLevel.Warning, "The API server refuses what a hollow kubelet says of node {Node}: {Trouble}")]
    private partial void LogRefused(string node, string trouble);
}
