using System.Text.Json.Nodes;
using Ebb.Sandbox.Cloud;
using Ebb.Tests.Sandbox.Azure.Templates;
using Ebb.Tests.Sandbox.Cloud;

namespace Ebb.Tests.Sandbox.Azure.Deployments;

/// <summary>Sends templates to a face and lets them be deployed.</summary>
internal sealed class DeploymentLab(FaceLab face) : IDisposable
{
    public const string Version = "?api-version=2021-04-01";

    public FaceLab Face => face;

    public string Group => $"{face.Subscription}/resourceGroups/{Lab.Group}";

    /// <summary>The principal that has signed in.</summary>
    public string ObjectId
    {
        get
        {
            var claims = face.Token.Split('.')[1].Replace('-', '+').Replace('_', '/');
            return (string)JsonNode.Parse(Convert.FromBase64String(claims.PadRight((claims.Length + 3) / 4 * 4, '=')))!["oid"]!;
        }
    }

    public string Providers => $"{Group}/providers";

    public static async Task<DeploymentLab> StartAsync(CloudOptions? cloud = null, Ebb.Sandbox.Azure.AzureFaceOptions? options = null) =>
        new(await FaceLab.StartAsync(cloud: cloud, options: options));

    public string Deployments(string? group = null) => $"{face.Subscription}/resourcegroups/{group ?? Lab.Group}/providers/Microsoft.Resources/deployments";

    public static string Body(string parts, string? parameters = null, string mode = "Incremental", string more = "") =>
        "{\"properties\":{\"mode\":\"" + mode + "\"," + more + "\"parameters\":" + (parameters ?? "{}") + ",\"template\":" + TemplateLab.Text(parts) + "}}";

    public Task<Answer> PutAsync(string name, string parts, string? parameters = null, string mode = "Incremental", string more = "") =>
        face.PutAsync($"{Deployments()}/{name}{Version}", Body(parts, parameters, mode, more));

    public Task<Answer> ValidateAsync(string parts, string? parameters = null) =>
        face.PostAsync($"{Deployments()}/main/validate{Version}", Body(parts, parameters));

    /// <summary>Whether a what-if tells nothing but secrets, which no provider gives out and which are told as new each time.</summary>
    public static bool IsOfSecretsOnly(JsonNode? change)
    {
        return change!["delta"]?.AsArray().All(IsSecret) is true;

        static bool IsSecret(JsonNode? d) => d!["children"]?.AsArray() is { Count: > 0 } inner ? inner.All(IsSecret) : (d["before"], (string?)(d["after"] as JsonValue)) is (null, "*******");
    }

    public async Task<List<JsonNode>> WhatIfAsync(string parts, string? parameters = null, string mode = "Incremental", string more = "")
    {
        var answer = await face.PostAsync($"{Deployments()}/main/whatIf{Version}", Body(parts, parameters, mode, more));
        Assert.True(answer.Code == 200, answer.Text);
        return [.. answer.Json["properties"]!["changes"]!.AsArray().Select(c => c!)];
    }

    /// <summary>Deploys and waits for the end.</summary>
    /// <returns>The deployment's properties.</returns>
    public async Task<JsonNode> DeployAsync(string parts, string? parameters = null, string name = "main", string mode = "Incremental", string more = "")
    {
        var put = await PutAsync(name, parts, parameters, mode, more);
        Assert.True(put.Code is 200 or 201, put.Text);
        return await EndAsync(name);
    }

    public async Task<JsonNode> EndAsync(string name = "main", string? group = null)
    {
        for (var i = 0; i < 600; i++)
        {
            face.Cloud.Time.Advance(TimeSpan.FromSeconds(1));
            var answer = await face.GetAsync($"{Deployments(group)}/{name}{Version}");
            if ((string?)answer.Json["properties"]!["provisioningState"] is "Succeeded" or "Failed" or "Canceled")
            {
                return answer.Json["properties"]!;
            }
        }

        throw new TimeoutException($"Deployment {name} goes on and on.");
    }

    public async Task<List<JsonNode>> StepsAsync(string name = "main") =>
        [.. (await face.GetAsync($"{Deployments()}/{name}/operations{Version}")).Json["value"]!.AsArray().Select(s => s!["properties"]!)];

    public Task<Answer> GetAsync(string typeAndName) => face.GetAsync($"{Providers}/{typeAndName}");

    public void Dispose() => face.Dispose();
}
