using System.Text.Json.Nodes;
using Ebb.Sandbox.Kubernetes.Store;
using Ebb.Sandbox.Kubernetes.Views;

namespace Ebb.Sandbox.Kubernetes.Kubelet;

// What the kubelet says of a pod.
internal sealed partial class PodRun
{
    private void Write() => _kubelet.Write(Pod, FillIn);

    private void FillIn(JsonObject json)
    {
        var ready = Phase == "Running" && _mains.TrueForAll(c => c.Running);
        var done = Phase == "Succeeded" ? "PodCompleted" : Phase == "Failed" ? "PodFailed" : null;
        var unready = ready ? null : done ?? "ContainersNotReady";
        var which = ready || done is not null
            ? null
            : $"containers with unready status: [{string.Join(' ', _mains.Where(c => !c.Running).Select(c => c.Name))}]";
        var status = json.Sub("status");
        status["phase"] = Phase;
        json.SetCondition("PodReadyToStartContainers", !Finished, Now);
        json.SetCondition("Initialized", _initialized || _inits.Count == 0, Now, _initialized || _inits.Count == 0 ? done == "PodCompleted" ? done : null : "ContainersNotInitialized");
        json.SetCondition("Ready", ready, Now, unready, which);
        json.SetCondition("ContainersReady", ready, Now, unready, which);
        if (_reason is not null)
        {
            status["reason"] = _reason;
            status["message"] = _message;
        }

        status["hostIP"] = _kubelet.Node.Address;
        status["podIP"] = Address;
        status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = Address });
        status["startTime"] = Timestamps.Seconds(StartTime);
        if (_inits.Count > 0)
        {
            status["initContainerStatuses"] =
                new JsonArray([.. _inits.Select(c => c.ToStatus(c.Sidecar ? c.Running : c.IsOver && c.ExitCode == 0))]);
        }

        status["containerStatuses"] = new JsonArray([.. _mains.Select(c => c.ToStatus(c.Running))]);
    }
}
