using System.Text;
using System.Text.Json.Nodes;

namespace Ebb.Tests.Sandbox.Kubernetes;

public sealed class BadBodyTests : ApiFixture
{
    private static readonly (string Path, string Body)[] Samples =
    [
        ("/api/v1/namespaces/default/pods", """
            {"metadata":{"name":"p","labels":{"a":"b"},"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"u"}],
             "finalizers":["a/b"],"annotations":{"c":"d"}},"spec":{"volumes":[{"name":"v","emptyDir":{}}],"nodeName":"n",
             "containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"env":[{"name":"X","value":"1"}],
             "resources":{"requests":{"cpu":"1"},"limits":{"cpu":"2"}},"volumeMounts":[{"name":"v","mountPath":"/v"}],
             "livenessProbe":{"httpGet":{"port":80}}}],"tolerations":[{"key":"k","operator":"Exists"}],"schedulingGates":[]}}
            """),
        ("/apis/apps/v1/namespaces/default/deployments", """
            {"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"a"}},"strategy":{"type":"RollingUpdate"},
             "template":{"metadata":{"labels":{"app":"a"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """),
        ("/apis/batch/v1/namespaces/default/cronjobs", """
            {"metadata":{"name":"j"},"spec":{"schedule":"* * * * *","jobTemplate":{"spec":{"template":{"spec":
             {"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}
            """),
        ("/api/v1/nodes", """{"metadata":{"name":"n"},"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]},"status":{"conditions":[{"type":"Ready","status":"True"}]}}"""),
        ("/api/v1/namespaces/default/services", """{"metadata":{"name":"s"},"spec":{"ports":[{"port":80,"name":"a"}],"type":"NodePort"}}"""),
        ("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"s"},"stringData":{"a":"b"},"type":"Opaque"}"""),
        ("/apis/policy/v1/namespaces/default/poddisruptionbudgets", """{"metadata":{"name":"b"},"spec":{"minAvailable":"50%","selector":{"matchLabels":{"a":"b"}}}}"""),
        ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"r"},"roleRef":{"kind":"ClusterRole","name":"x"},"subjects":[{"kind":"User","name":"u"}]}"""),
        ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
            {"metadata":{"name":"tides.ebb.dev"},"spec":{"group":"ebb.dev","scope":"Cluster","names":{"plural":"tides","kind":"Tide"},
             "versions":[{"name":"v1","served":true,"storage":true,"additionalPrinterColumns":[{"name":"H","type":"integer","jsonPath":".spec.h"}],
             "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"h":{"type":"integer"}}}}}}}]}}
            """),
        ("/apis/ebb.dev/v1/tides", """{"apiVersion":"ebb.dev/v1","kind":"Tide","metadata":{"name":"t"},"spec":{"h":1}}"""),
    ];

    private static readonly string[] Types =
    [
        "application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json",
        "application/apply-patch+yaml",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_is_sent_is_taken_or_refused_but_never_breaks_the_server(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 3000; i++)
        {
            var (path, sample) = Samples[random.Next(Samples.Length)];
            var json = JsonNode.Parse(sample)!;
            var name = (string)json["metadata"]!["name"]!;
            for (var change = random.Next(3); change > 0; change--)
            {
                Spoil(json, random);
            }

            var request = random.Next(4) switch
            {
                0 => Request("POST", path, json.ToJsonString()),
                1 => Request("PUT", $"{path}/{name}", json.ToJsonString()),
                2 => Request("GET", path) with { Accept = "application/json;as=Table;v=v1;g=meta.k8s.io" },
                _ => Request("PATCH", $"{path}/{name}?fieldManager=m", json.ToJsonString(), Types[random.Next(Types.Length)]),
            };
            // A 500 without a reason is the real server's own answer to some patches.
            var answer = Api.Handle(request);
            Time.Advance(TimeSpan.FromMilliseconds(1));

            Assert.True(
                answer.Code is 200 or 201 or 400 or 403 or 404 or 409 or 415 or 422
                    || (answer.Code == 500 && JsonNode.Parse(answer.Body.Span)!["reason"] is null),
                $"{answer.Code} to {request.Method} {request.Path} {Encoding.UTF8.GetString(request.Body.Span)}: {Encoding.UTF8.GetString(answer.Body.Span)}");
        }
    }

    /// <summary>Puts something of another type, or nothing, in the place of a random part.</summary>
    private static void Spoil(JsonNode json, Random random)
    {
        var node = json;
        while (true)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } owner:
                    var (name, value) = owner.ElementAt(random.Next(owner.Count));
                    if (value is JsonObject or JsonArray && random.Next(5) > 0)
                    {
                        node = value;
                        continue;
                    }

                    owner[name] = Odd(random);
                    return;
                case JsonArray { Count: > 0 } list:
                    var at = random.Next(list.Count);
                    if (list[at] is JsonObject or JsonArray && random.Next(5) > 0)
                    {
                        node = list[at];
                        continue;
                    }

                    list[at] = Odd(random);
                    return;
                default:
                    return;
            }
        }
    }

    private static JsonNode? Odd(Random random) => random.Next(10) switch
    {
        0 => null,
        1 => JsonValue.Create(-1),
        2 => JsonValue.Create(1.5),
        3 => JsonValue.Create("ö\u0000 /%\n"),
        4 => JsonValue.Create(true),
        5 => new JsonArray(null, 1, "a", new JsonObject()),
        6 => new JsonObject { ["$patch"] = "delete", ["a"] = 1 },
        7 => JsonValue.Create(long.MaxValue),
        8 => new JsonArray(),
        _ => JsonValue.Create(new string('x', 300)),
    };
}
