using System.Text.Json;
using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;
using Microsoft.Extensions.Logging;

namespace Ebb.Sandbox.Kubernetes.Kubelet.Remote;

/// <summary>One pod of a hollow kubelet: what its API server shows of it, and what it is to be told.</summary>
internal sealed partial class RemotePod(ApiHttp api, Agenda agenda, HollowKubelet kubelet, PodView pod, ILogger logger) : PendingWrite
{
    private readonly string _path = $"/api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}";
    private byte[] _status = "{}"u8.ToArray();
    private string _phase = "";
    private bool _ready;
    private int _said;
    private int _written;
    private bool _ended;

    public HollowKubelet Kubelet => kubelet;

    /// <summary>Notes what the kubelet says from now on. Under the gate.</summary>
    public void Say(Action<JsonObject> fillIn)
    {
        // Kept as bytes: the trees of thousands of pods would take ten times as much.
        var json = new JsonObject { ["status"] = Encoder.Parse(_status) };
        fillIn(json);
        _status = JsonSerializer.SerializeToUtf8Bytes(json["status"]);
        _phase = json["status"].Text("phase") ?? "";
        _ready = json.IsTrue("Ready");
        _said++;
    }

    /// <summary>Says the same again. Under the gate.</summary>
    public void Repeat() => _said++;

    /// <summary>Notes that all has ended and the pod may go. Under the gate.</summary>
    public void End() => _ended = true;

    /// <summary>All that the kubelet has said was written. Under the gate.</summary>
    public bool IsWritten => _said == _written && !Queued && !Busy;

    /// <summary>Not as the kubelet said: once all is written, someone else wrote over it. Under the gate.</summary>
    public bool DiffersFrom(KubeObject seen)
    {
        var view = PodView.Of(seen);
        return _said > 0 && (view.Phase != _phase || view.Ready != _ready);
    }

    public override async Task<bool> WriteAsync(CancellationToken ct)
    {
        while (true)
        {
            var (saying, status, ending) = Due();
            if (status is not null)
            {
                var answer = await api.SendAsync(HttpMethod.Patch, _path + "/status", status, ct, ApiHttp.StrategicPatch);
                if (!Settled(answer))
                {
                    return false;
                }

                lock (agenda.Gate)
                {
                    _written = saying;
                }
            }
            else if (ending)
            {
                return Settled(await api.SendAsync(HttpMethod.Delete, _path, RemoteDeletion.Options(pod.Uid, graceSeconds: 0), ct));
            }
            else
            {
                return true;
            }
        }
    }

    private (int Saying, JsonObject? Status, bool Ending) Due()
    {
        lock (agenda.Gate)
        {
            if (!kubelet.Alive)
            {
                // A machine without power says nothing more.
                return (_said, null, false);
            }

            var patch = _written == _said ? null : new JsonObject
            {
                // Only this pod, not a later one of its name.
                ["metadata"] = new JsonObject { ["uid"] = pod.Uid },
                ["status"] = Encoder.Parse(_status),
            };
            return (_said, patch, _ended);
        }
    }

    /// <summary>It worked, or there is nothing left that it could be about.</summary>
    private bool Settled(ApiAnswer answer)
    {
        if (answer.Refused)
        {
            LogRefused(pod.Namespace, pod.Name, answer.Trouble);
            return true;
        }

        return answer.Ok || answer.NotFound || (answer.Conflict && agenda.Held(() => kubelet.Find(pod) is null));
    }

    [LoggerMessage(LogLevel.Error, "The API server refuses what a hollow kubelet says of pod {Namespace}/{Pod}: {Trouble}")]
    private partial void LogRefused(string @namespace, string pod, string trouble);
}
