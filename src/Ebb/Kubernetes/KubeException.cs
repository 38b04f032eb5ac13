using System.Net;
using Ebb.Kubernetes.Objects;

namespace Ebb.Kubernetes;

/// <summary>A call to the API server that failed; what it answered is in <see cref="Status"/>.</summary>
public sealed class KubeException : Exception
{
    /// <param name="doing">The request, for people: <c>GET https://…/api/v1/nodes</c>.</param>
    public KubeException(string doing, V1Status status, TimeSpan? retryAfter = null)
        : base($"{doing}: {status.Code} {status.Reason ?? ((HttpStatusCode)status.Code).ToString()}: {status.Message}")
    {
        Status = status;
        RetryAfter = retryAfter
            ?? (status.Details?.RetryAfterSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null);
    }

    /// <summary>Nothing answered, or what answered was no Kubernetes API.</summary>
    public KubeException(string doing, string trouble, Exception? inner = null)
        : base($"{doing}: {trouble}", inner)
    {
    }

    /// <summary>Null when no answer came, or none that could be understood: whether the call took effect is not known.</summary>
    public V1Status? Status { get; }

    /// <summary>The HTTP status code; null together with <see cref="Status"/>.</summary>
    public HttpStatusCode? Code => Status is { } status ? (HttpStatusCode)status.Code : null;

    /// <summary>For programs, for example <c>NotFound</c>.</summary>
    public string? Reason => Status?.Reason;

    /// <summary>How long the server asks to be left alone; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    public bool NotFound => Code is HttpStatusCode.NotFound;

    /// <summary>Changed by someone else since it was read, or another object of that name exists already.</summary>
    public bool Conflict => Code is HttpStatusCode.Conflict;

    /// <summary>Whether the same call may succeed later without anybody's doing.</summary>
    public bool Heals => Code is null or HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;

    /// <summary>The resource version or the continuation is too old; list anew.</summary>
    public bool Expired => Code is HttpStatusCode.Gone;

    /// <summary>Whether the Status names this among its causes.</summary>
    public bool HasCause(string reason) => Status?.Details?.Causes?.Any(c => c.Reason == reason) ?? false;
}
