using System.Text.RegularExpressions;
using Ebb.Joining;

namespace Ebb.Controller.Joining;

/// <summary>What a machine presents to the API server to get its first certificate.</summary>
/// <param name="Id">Of the token that can be revoked; null for one that cannot.</param>
internal sealed record IssuedToken(string? Id, string Text, DateTimeOffset? ExpiresAt)
{
    public override string ToString() => $"{nameof(IssuedToken)} {Id}";
}

/// <summary>Makes those tokens in the form that the distribution takes.</summary>
internal sealed partial class JoinTokens(JoinServerOptions options, BootstrapTokens tokens)
{
    public async Task<IssuedToken> IssueAsync(string node, CancellationToken ct)
    {
        if (options.Distribution == JoinServerOptions.K3s && !HasBootstrapTokens(options.Version))
        {
            // It is rotated by whoever runs the servers; read anew, it is the one of now.
            return new IssuedToken(null, Pem.Read(options.AgentTokenFile!).Trim(), null);
        }

        var token = await tokens.CreateAsync(options.TokenLifetime, $"ebb: node {node} joins", ct);
        var text = options.Distribution == JoinServerOptions.K3s
            ? $"K10{AuthorityMark.HashOf(await File.ReadAllBytesAsync(options.KubernetesAuthorityFile, ct))}::{token.Text}"
            : token.Text;
        return new IssuedToken(token.Id, text, token.ExpiresAt);
    }

    public Task<bool> RevokeAsync(string id, CancellationToken ct) => tokens.RevokeAsync(id, ct);

    /// <summary>They came to all lines that were kept up in February 2023. Null is whatever is newest.</summary>
    public static bool HasBootstrapTokens(string? k3s)
    {
        if (k3s is null || Release().Match(k3s) is not { Success: true } match)
        {
            return true;
        }

        var (major, minor, patch) = (Part("major"), Part("minor"), Part("patch"));
        return major > 1 || minor switch
        {
            >= 27 => true,
            26 => patch >= 2,
            25 => patch >= 7,
            24 => patch >= 11,
            23 => patch >= 17,
            _ => false,
        };

        int Part(string name) => int.Parse(match.Groups[name].ValueSpan);
    }

    [GeneratedRegex(@"\Av?(?<major>\d{1,3})\.(?<minor>\d{1,4})\.(?<patch>\d{1,4})")]
    private static partial Regex Release();
}
